// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IVault} from "./interfaces/IVault.sol";

/// @title Vault, generation 2
/// @dev Invariant: the token balance of this contract is at least the sum of all free, locked and staked balances; equal when
/// nobody sends tokens with a plain transfer.
contract Vault is IVault, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// A guard as it is kept; `spent` counts for `day` (days since 1970, UTC).
    struct Watch {
        address beneficiary;
        uint64 day;
        uint128 dailyLimit;
        uint128 spent;
    }

    /// @inheritdoc IVault
    IERC20 public immutable token;
    address private immutable _deployer;
    address public escrow;
    address public registry;
    mapping(address owner => Balance) private _balances;
    mapping(address owner => Watch) private _watches;

    constructor(IERC20 token_) {
        if (address(token_) == address(0)) revert ZeroAddress();
        token = token_;
        _deployer = msg.sender;
    }

    modifier only(address module) {
        if (msg.sender != module) revert NotModule(msg.sender, module);
        _;
    }

    /// @inheritdoc IVault
    function seal(address escrow_, address registry_) external {
        if (msg.sender != _deployer) revert NotDeployer(msg.sender);
        if (escrow != address(0)) revert AlreadySealed();
        if (escrow_ == address(0) || registry_ == address(0)) revert ZeroAddress();
        (escrow, registry) = (escrow_, registry_);
        emit Sealed(escrow_, registry_);
    }

    /// @inheritdoc IVault
    function balanceOf(address owner) external view returns (Balance memory) {
        return _balances[owner];
    }

    /// @inheritdoc IVault
    function deposit(uint256 amount) external nonReentrant returns (uint256) {
        return _deposit(amount);
    }

    /// @inheritdoc IVault
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        returns (uint256)
    {
        // Whoever saw the permit may have used it first; then the allowance is set and the transfer below works.
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        return _deposit(amount);
    }

    /// @inheritdoc IVault
    function withdraw(uint256 amount, address to) external nonReentrant {
        if (to == address(0) || to == address(this)) revert BadReceiver(to);
        if (amount == 0) revert ZeroAmount();
        Balance storage b = _balances[msg.sender];
        if (b.free < amount) revert FundsLow(msg.sender, b.free, amount);
        _checkLimit(amount, to);
        b.free -= amount.toUint128();
        emit Withdrawn(msg.sender, to, amount);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IVault
    function protect(address beneficiary, uint128 dailyLimit) external {
        address guardian = _watches[msg.sender].beneficiary;
        if (guardian != address(0)) revert NotGuardian(msg.sender, msg.sender, guardian);
        if (beneficiary == address(0)) revert ZeroAddress();
        _protect(msg.sender, beneficiary, dailyLimit);
    }

    /// @inheritdoc IVault
    function protectFor(address owner, address beneficiary, uint128 dailyLimit) external {
        address guardian = _watches[owner].beneficiary;
        if (msg.sender != guardian) revert NotGuardian(owner, msg.sender, guardian);
        _protect(owner, beneficiary, dailyLimit);
    }

    /// @inheritdoc IVault
    function guardOf(address owner) external view returns (Guard memory) {
        Watch storage w = _watches[owner];
        return Guard(w.beneficiary, w.dailyLimit, w.beneficiary == address(0) ? type(uint128).max : _left(w));
    }

    /// @inheritdoc IVault
    function lock(address owner, uint128 amount) external only(escrow) {
        Balance storage b = _balances[owner];
        if (b.free < amount) revert FundsLow(owner, b.free, amount);
        b.free -= amount;
        b.locked += amount;
    }

    /// @inheritdoc IVault
    function unlock(address owner, uint128 amount) external only(escrow) {
        Balance storage b = _balances[owner];
        b.locked -= amount;
        b.free += amount;
    }

    /// @inheritdoc IVault
    function pay(address from, address to, uint128 amount) external only(escrow) {
        _balances[from].locked -= amount;
        _balances[to].free += amount;
    }

    /// @inheritdoc IVault
    function stake(address owner, uint128 amount) external only(registry) {
        Balance storage b = _balances[owner];
        if (b.free < amount) revert FundsLow(owner, b.free, amount);
        b.free -= amount;
        b.staked += amount;
    }

    /// @inheritdoc IVault
    function unstake(address owner, uint128 amount) external only(registry) {
        Balance storage b = _balances[owner];
        b.staked -= amount;
        b.free += amount;
    }

    /// What was withdrawn today stays counted, so that no change of the guard gives the day's limit twice.
    function _protect(address owner, address beneficiary, uint128 dailyLimit) private {
        // a guard that the key itself could lift guards nothing, and the vault cannot be paid
        if (beneficiary == owner || beneficiary == address(this)) revert BadReceiver(beneficiary);
        Watch storage w = _watches[owner];
        (w.beneficiary, w.dailyLimit) = (beneficiary, dailyLimit);
        emit Protected(owner, beneficiary, dailyLimit);
    }

    /// Counts a withdrawal of the sender to others than its guard's beneficiary.
    function _checkLimit(uint256 amount, address to) private {
        Watch storage w = _watches[msg.sender];
        if (w.beneficiary == address(0) || to == w.beneficiary) return;
        uint128 left = _left(w);
        if (amount > left) revert AboveLimit(msg.sender, amount, left);
        (w.spent, w.day) = (_spent(w) + amount.toUint128(), _today());
    }

    function _spent(Watch storage w) private view returns (uint128) {
        return w.day == _today() ? w.spent : 0;
    }

    function _left(Watch storage w) private view returns (uint128) {
        uint128 spent = _spent(w);
        return spent < w.dailyLimit ? w.dailyLimit - spent : 0;
    }

    function _today() private view returns (uint64) {
        return uint64(block.timestamp / 1 days);
    }

    function _deposit(uint256 amount) private returns (uint256 credited) {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        // A token that takes a fee on transfer credits less than asked.
        credited = token.balanceOf(address(this)) - before;
        if (credited == 0) revert ZeroAmount();
        _balances[msg.sender].free += credited.toUint128();
        emit Deposited(msg.sender, msg.sender, credited);
    }
}
