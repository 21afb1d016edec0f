// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Peers and their stake.
/// @notice WARNING: an entry proves only that the owner of an address wrote it. Check the peer card against `peerKey`.
interface IRegistry {
    struct Peer {
        /// Hash of the peer's card.
        bytes32 peerKey;
        address beneficiary;
    }

    struct Stake {
        /// Counts for the peer.
        uint128 active;
        /// On the way out; still held.
        uint128 unbonding;
        /// From this second on `claim` frees what is unbonding.
        uint64 claimableAt;
    }

    event Registered(address indexed owner, bytes32 indexed peerKey, address beneficiary);
    event Staked(address indexed owner, uint128 amount);
    event Unbonding(address indexed owner, uint128 amount, uint64 claimableAt);
    event Claimed(address indexed owner, uint128 amount);

    error StakeLow(address owner, uint256 active, uint256 needed);
    error NothingToClaim(address owner);
    error StillUnbonding(address owner, uint256 actual, uint256 claimableAt);
    error ZeroKey();

    /// @notice Writes the sender's entry; a later call replaces it.
    function register(bytes32 peerKey, address beneficiary) external;

    /// @notice Moves free balance of the sender's vault account into its stake.
    function stake(uint128 amount) external;

    /// @notice Starts to unbond. WARNING: a further call restarts the delay for all that is unbonding.
    function unstake(uint128 amount) external;

    /// @notice Frees what has finished unbonding.
    function claim() external;

    function peerOf(address owner) external view returns (Peer memory);

    function stakeOf(address owner) external view returns (Stake memory);
}
