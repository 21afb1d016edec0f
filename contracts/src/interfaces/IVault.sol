// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Internal balances. A token moves only on deposit and withdrawal.
/// @notice WARNING: tokens that are sent to the vault with a plain transfer are credited to nobody and cannot be recovered.
interface IVault {
    /// free: may be withdrawn or locked; locked: held by the escrow for open agreements; staked: held by the registry.
    struct Balance {
        uint128 free;
        uint128 locked;
        uint128 staked;
    }

    /// What an owner's key alone may withdraw. `beneficiary` is the zero address when there is no guard.
    struct Guard {
        address beneficiary;
        uint128 dailyLimit;
        /// What may still be withdrawn to others than the beneficiary until the day ends (UTC); all there can be without a guard.
        uint128 left;
    }

    event Deposited(address indexed from, address indexed to, uint256 amount);
    event Withdrawn(address indexed from, address indexed to, uint256 amount);
    event Sealed(address escrow, address registry);
    event Protected(address indexed owner, address indexed beneficiary, uint128 dailyLimit);

    /// `owner` has `available` where `needed` were asked for.
    error FundsLow(address owner, uint256 available, uint256 needed);
    /// `caller` may not call this function; `wanted` may.
    error NotModule(address caller, address wanted);
    error NotDeployer(address caller);
    error AlreadySealed();
    error ZeroAddress();
    error ZeroAmount();
    error BadReceiver(address to);
    /// `owner` may withdraw `left` today to others than its guard's beneficiary, where `amount` was asked for.
    error AboveLimit(address owner, uint256 amount, uint256 left);
    /// `caller` may not change the guard of `owner`; `wanted` may.
    error NotGuardian(address owner, address caller, address wanted);

    /// @notice Moves `amount` tokens of the sender into its free balance. What arrives is credited, not what was asked for.
    /// @dev Needs an allowance.
    function deposit(uint256 amount) external returns (uint256 credited);

    /// @notice As `deposit`, with an EIP-2612 permit by the sender.
    /// @dev A permit that somebody else used first does no harm: the allowance is then there already.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint256 credited);

    /// @notice Pays `amount` of the sender's free balance to `to`: as much as it likes to its guard's beneficiary, or without a guard;
    /// else no more than the guard's limit in one day.
    function withdraw(uint256 amount, address to) external;

    /// @notice Sets the sender's guard: its key alone can then withdraw no more than `dailyLimit` a day to others than `beneficiary`,
    /// which from then on is the only one that can change the guard (`protectFor`).
    /// @notice WARNING: the key can still spend the free balance through agreements and stake; it only cannot carry it away at once.
    /// @dev Days are fixed (UTC), so up to twice the limit can go around midnight.
    function protect(address beneficiary, uint128 dailyLimit) external;

    /// @notice By the beneficiary of `owner`'s guard only: replaces the guard, or removes it (`beneficiary` zero).
    function protectFor(address owner, address beneficiary, uint128 dailyLimit) external;

    function guardOf(address owner) external view returns (Guard memory);

    function balanceOf(address owner) external view returns (Balance memory);

    function token() external view returns (IERC20);

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
