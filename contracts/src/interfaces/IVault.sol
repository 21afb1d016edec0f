// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Internal balances. A token moves only on deposit and withdrawal.
/// @notice WARNING: tokens that are sent to the vault with a plain transfer are credited to nobody and cannot be recovered.
interface IVault {
    /// free: may be withdrawn or locked; locked: held by the escrow for open agreements; staked: held by the registry.
    struct Balance {
        uint128 free;
        uint128 locked;
        uint128 staked;
    }

    event Deposited(address indexed from, address indexed to, uint256 amount);
    event Withdrawn(address indexed from, address indexed to, uint256 amount);
    event Sealed(address escrow, address registry);

    /// `owner` has `available` where `needed` were asked for.
    error FundsLow(address owner, uint256 available, uint256 needed);
    /// `caller` may not call this function; `wanted` may.
    error NotModule(address caller, address wanted);
    error NotDeployer(address caller);
    error AlreadySealed();
    error ZeroAddress();
    error ZeroAmount();
    error BadReceiver(address to);

    /// @notice Moves `amount` tokens of the sender into its free balance. What arrives is credited, not what was asked for.
    /// @dev Needs an allowance.
    function deposit(uint256 amount) external returns (uint256 credited);

    /// @notice As `deposit`, with an EIP-2612 permit by the sender.
    /// @dev A permit that somebody else used first does no harm: the allowance is then there already.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint256 credited);

    /// @notice Pays `amount` of the sender's free balance to `to`.
    function withdraw(uint256 amount, address to) external;

    function balanceOf(address owner) external view returns (Balance memory);

    /// @notice Names the modules, once and for ever. Deployer only.
    function seal(address escrow, address registry) external;

    /// @notice Escrow only: free to locked.
    function lock(address owner, uint128 amount) external;

    /// @notice Escrow only: locked to free of the same owner.
    function unlock(address owner, uint128 amount) external;

    /// @notice Escrow only: locked of `from` to free of `to`.
    function pay(address from, address to, uint128 amount) external;

    /// @notice Registry only: free to staked.
    function stake(address owner, uint128 amount) external;

    /// @notice Registry only: staked to free.
    function unstake(address owner, uint128 amount) external;
}
