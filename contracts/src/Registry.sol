// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRegistry} from "./interfaces/IRegistry.sol";
import {IVault} from "./interfaces/IVault.sol";

/// @title Registry
contract Registry is IRegistry {
    IVault public immutable vault;
    /// Seconds from `unstake` to `claim`.
    uint64 public immutable unbondingDelay;
    mapping(address owner => Peer) private _peers;
    mapping(address owner => Stake) private _stakes;

    constructor(IVault vault_, uint64 unbondingDelay_) {
        if (address(vault_) == address(0)) revert IVault.ZeroAddress();
        (vault, unbondingDelay) = (vault_, unbondingDelay_);
    }

    /// @inheritdoc IRegistry
    function register(bytes32 peerKey, address beneficiary) external {
        if (peerKey == 0) revert ZeroKey();
        if (beneficiary == address(0)) revert IVault.ZeroAddress();
        _peers[msg.sender] = Peer(peerKey, beneficiary);
        emit Registered(msg.sender, peerKey, beneficiary);
    }

    /// @inheritdoc IRegistry
    function stake(uint128 amount) external {
        if (amount == 0) revert IVault.ZeroAmount();
        _stakes[msg.sender].active += amount;
        emit Staked(msg.sender, amount);
        vault.stake(msg.sender, amount);
    }

    /// @inheritdoc IRegistry
    function unstake(uint128 amount) external {
        if (amount == 0) revert IVault.ZeroAmount();
        Stake storage s = _stakes[msg.sender];
        if (s.active < amount) revert StakeLow(msg.sender, s.active, amount);
        s.active -= amount;
        s.unbonding += amount;
        s.claimableAt = uint64(block.timestamp) + unbondingDelay;
        emit Unbonding(msg.sender, amount, s.claimableAt);
    }

    /// @inheritdoc IRegistry
    function claim() external {
        Stake storage s = _stakes[msg.sender];
        uint128 amount = s.unbonding;
        if (amount == 0) revert NothingToClaim(msg.sender);
        if (block.timestamp < s.claimableAt) revert StillUnbonding(msg.sender, block.timestamp, s.claimableAt);
        s.unbonding = 0;
        emit Claimed(msg.sender, amount);
        vault.unstake(msg.sender, amount);
    }

    /// @inheritdoc IRegistry
    function peerOf(address owner) external view returns (Peer memory) {
        return _peers[owner];
    }

    /// @inheritdoc IRegistry
    function stakeOf(address owner) external view returns (Stake memory) {
        return _stakes[owner];
    }
}
