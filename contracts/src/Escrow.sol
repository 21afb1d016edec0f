// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Agreement, AgreementLib, Receipt, Release} from "./AgreementLib.sol";
import {SignatureLib} from "./SignatureLib.sol";

/// @title Escrow, generation 2
/// @dev Keeps one slot per agreement, a second one for those that are delivered for less than the price; the terms come back as
/// calldata and are checked by their digest. It never touches the token and calls only the vault (trusted, no callbacks) and, by
/// staticcall with bounded gas, EIP-1271 signers.
contract Escrow is IEscrow, EIP712 {
    using AgreementLib for *;

    uint256 private constant BPS = 10_000;
    /// No term may hold money for longer than this, so that a typing error cannot lock it for ever.
    uint256 public constant MAX_SPAN = 366 days;
    /// A requester must have had a block in which to object.
    uint256 public constant MIN_CHALLENGE = 5 seconds;
    /// An arbiter must have had the time to look.
    uint256 public constant MIN_ARBITRATION = 60 seconds;
    /// The highest fee that a network can be made with: a tenth.
    uint256 public constant MAX_FEE_BPS = 1_000;
    /// The dispute bond is at least the price divided by this.
    uint128 private constant DISPUTE_DIVISOR = 10;
    /// Whose balance in the vault holds what a silent arbiter has cost; nobody has its key.
    address public constant BURNED = 0x000000000000000000000000000000000000dEaD;

    IVault public immutable vault;
    address public immutable token;
    address public immutable registry;
    address public immutable treasury;
    /// Fee on what providers are paid, in basis points; rounded down, so that no pay, however small, is all fee. What rounding costs
    /// the treasury is less than one unit for each agreement.
    uint256 public immutable feeBps;

    mapping(bytes32 agreement => Entry) private _entries;
    /// Only of those below the price, so that a normal delivery writes no second slot.
    mapping(bytes32 agreement => uint128) private _claims;
    mapping(address signer => mapping(bytes32 digest => bool)) public revoked;

    /// How an agreement ends.
    struct Ending {
        Outcome outcome;
        /// The provider's part of the price, before the fee.
        uint128 gross;
        /// Nobody's part of the price.
        uint128 burned;
        /// Of the provider's bond, to the requester.
        uint128 slashed;
        /// Of the requester's dispute bond, to the provider.
        uint128 lost;
    }

    constructor(IVault vault_, address registry_, address treasury_, uint256 feeBps_) EIP712("Shoal", "1") {
        if (feeBps_ > MAX_FEE_BPS) revert BadBps(feeBps_);
        if (address(vault_) == address(0) || registry_ == address(0)) revert IVault.ZeroAddress();
        (vault, token, registry, treasury, feeBps) = (vault_, address(vault_.token()), registry_, treasury_, feeBps_);
        if (_cannotHold(treasury_)) revert IVault.BadReceiver(treasury_);
    }

    /// @inheritdoc IEscrow
    function entryOf(bytes32 agreement) external view returns (Entry memory) {
        return _entries[agreement];
    }

    /// @inheritdoc IEscrow
    function claimOf(bytes32 agreement) external view returns (uint128) {
        return _claims[agreement];
    }

    /// @inheritdoc IEscrow
    function standingOf(bytes32 agreement) external view returns (Entry memory entry, uint128 claim) {
        return (_entries[agreement], _claims[agreement]);
    }

    /// @inheritdoc IEscrow
    function idOf(Agreement calldata a) public view returns (bytes32) {
        return _hashTypedDataV4(a.structHash());
    }

    /// @inheritdoc IEscrow
    function disputeBondOf(Agreement calldata a) public pure returns (uint128) {
        uint128 least = a.price / DISPUTE_DIVISOR;
        if (least * DISPUTE_DIVISOR < a.price) least += 1;
        return _atLeast(least, a.bond);
    }

    /// @inheritdoc IEscrow
    function revoke(bytes32 digest) external {
        revoked[msg.sender][digest] = true;
        emit Revoked(msg.sender, digest);
    }

    /// @inheritdoc IEscrow
    function open(Agreement calldata a, bytes calldata providerSig) external returns (bytes32 id) {
        Entry storage e;
        (id, e) = _in(a, State.None);
        if (msg.sender != a.requester) revert NotAllowed(id, msg.sender);
        if (block.timestamp > a.openBy) revert TooLate(id, block.timestamp, a.openBy);
        _checkTerms(id, a);
        _checkSignature(id, a.provider, providerSig);
        e.state = State.Open;
        emit Opened(id, a.requester, a.provider, a.jobId, a.shard, a.attempt, a.price, a.bond);
        vault.lock(a.requester, a.price + disputeBondOf(a)); // the terms say that the sum fits
        if (a.bond > 0) vault.lock(a.provider, a.bond);
    }

    /// @inheritdoc IEscrow
    function acknowledge(Agreement calldata a, Receipt calldata r, bytes calldata requesterSig) external {
        (bytes32 id, Entry storage e) = _live(a);
        if (r.agreement != id) revert OtherAgreement(id, r.agreement);
        uint128 known = e.acknowledged;
        if (r.amount <= known || r.amount > a.price) revert AmountOutOfRange(id, r.amount, uint256(known) + 1, a.price);
        bytes32 digest = _hashTypedDataV4(r.structHash());
        if (!SignatureLib.isValid(a.requester, digest, requesterSig)) revert BadSignature(digest, a.requester);
        e.acknowledged = r.amount;
        emit Acknowledged(id, r.amount, r.sequence, r.digest);
        bool conceded = msg.sender == a.requester && e.deliveredAt > 0 && r.amount >= _claim(id, e, a);
        if (r.amount == a.price || conceded) _close(id, e, a, _paying(Outcome.Accepted, r.amount));
    }

    /// @inheritdoc IEscrow
    function deliver(Agreement calldata a, bytes32 result, uint128 amount) external {
        (bytes32 id, Entry storage e) = _in(a, State.Open);
        if (msg.sender != a.provider) revert NotAllowed(id, msg.sender);
        if (block.timestamp > a.deliverBy) revert TooLate(id, block.timestamp, a.deliverBy);
        uint128 known = e.acknowledged;
        if (amount <= known || amount > a.price) revert AmountOutOfRange(id, amount, uint256(known) + 1, a.price);
        e.state = State.Delivered;
        e.deliveredAt = uint40(block.timestamp);
        if (amount < a.price) _claims[id] = amount;
        emit Delivered(id, result, amount, block.timestamp + a.challengeWindow);
    }

    /// @inheritdoc IEscrow
    function release(Agreement calldata a) external {
        (bytes32 id, Entry storage e) = _in(a, State.Delivered);
        uint256 last = uint256(e.deliveredAt) + a.challengeWindow;
        if (block.timestamp <= last) revert TooEarly(id, block.timestamp, last);
        _close(id, e, a, _paying(Outcome.Released, _atLeast(e.acknowledged, _claim(id, e, a))));
    }

    /// @inheritdoc IEscrow
    function refund(Agreement calldata a, uint128 acknowledged) external {
        (bytes32 id, Entry storage e) = _in(a, State.Open);
        if (msg.sender != a.requester && msg.sender != a.provider) revert NotAllowed(id, msg.sender);
        uint256 last = uint256(a.deliverBy) + a.challengeWindow;
        if (block.timestamp <= last) revert TooEarly(id, block.timestamp, last);
        uint128 known = e.acknowledged;
        if (acknowledged > known) {
            if (msg.sender != a.requester) revert NotAllowed(id, msg.sender);
            if (acknowledged > a.price) revert AmountOutOfRange(id, acknowledged, known, a.price);
            known = acknowledged;
            e.acknowledged = known;
        }
        _close(id, e, a, _paying(Outcome.Refunded, known));
    }

    /// @inheritdoc IEscrow
    function cancel(Agreement calldata a, Release calldata r, bytes calldata providerSig, bytes calldata requesterSig)
        external
    {
        (bytes32 id, Entry storage e) = _live(a);
        if (r.agreement != id) revert OtherAgreement(id, r.agreement);
        if (r.amount < e.acknowledged || r.amount > a.price) {
            revert AmountOutOfRange(id, r.amount, e.acknowledged, a.price);
        }
        bytes32 digest = _hashTypedDataV4(r.structHash());
        if (msg.sender != a.provider) {
            if (e.state != State.Open) revert WrongState(id, e.state, State.Open);
            _checkSignature(digest, a.provider, providerSig);
        }
        if (msg.sender != a.requester) _checkSignature(digest, a.requester, requesterSig);
        _close(id, e, a, _paying(Outcome.Cancelled, r.amount));
    }

    /// @inheritdoc IEscrow
    function dispute(Agreement calldata a) external {
        bytes32 id = idOf(a);
        Entry storage e = _entries[id];
        bool delivered = e.state == State.Delivered;
        if (!delivered && e.state != State.Open) revert WrongState(id, e.state, State.Delivered);
        if (msg.sender != a.requester) revert NotAllowed(id, msg.sender);
        if (!delivered && block.timestamp <= a.deliverBy) revert TooEarly(id, block.timestamp, a.deliverBy);
        uint256 last = uint256(delivered ? e.deliveredAt : a.deliverBy) + a.challengeWindow;
        if (block.timestamp > last) revert TooLate(id, block.timestamp, last);
        e.state = State.Disputed;
        e.disputedAt = uint40(block.timestamp);
        emit Disputed(id, block.timestamp + a.arbitrationWindow);
    }

    /// @inheritdoc IEscrow
    function rule(Agreement calldata a, uint256 providerBps, uint256 bondSlashBps) external {
        (bytes32 id, Entry storage e) = _in(a, State.Disputed);
        if (msg.sender != a.arbiter) revert NotAllowed(id, msg.sender);
        if (providerBps > BPS) revert BadBps(providerBps);
        if (bondSlashBps > BPS) revert BadBps(bondSlashBps);
        uint256 last = uint256(e.disputedAt) + a.arbitrationWindow;
        if (block.timestamp > last) revert TooLate(id, block.timestamp, last);
        Ending memory end =
            _paying(Outcome.Ruled, _atLeast(e.acknowledged, _share(_claim(id, e, a), providerBps)));
        end.slashed = _share(a.bond, bondSlashBps);
        end.lost = _share(disputeBondOf(a), providerBps);
        _close(id, e, a, end);
    }

    /// @inheritdoc IEscrow
    function split(Agreement calldata a) external {
        (bytes32 id, Entry storage e) = _in(a, State.Disputed);
        uint256 last = uint256(e.disputedAt) + a.arbitrationWindow;
        if (block.timestamp <= last) revert TooEarly(id, block.timestamp, last);
        uint128 known = e.acknowledged;
        Ending memory end = _paying(Outcome.Split, known);
        end.burned = _atLeast(known, _claim(id, e, a)) - known;
        _close(id, e, a, end);
    }

    /// Closes for good, then moves the money.
    function _close(bytes32 id, Entry storage e, Agreement calldata a, Ending memory end) private {
        (e.state, e.outcome) = (State.Closed, end.outcome);
        // gross < 2^128 and feeBps <= 10^3: no overflow in 256 bits, and fee <= gross.
        uint128 fee = uint128((uint256(end.gross) * feeBps) / BPS);
        uint128 refunded = a.price - end.gross - end.burned;
        if (end.burned > 0) emit Burned(id, end.burned);
        if (end.lost > 0) emit DisputeBondLost(id, end.lost);
        emit Closed(id, end.outcome, end.gross - fee, fee, refunded, end.slashed);
        _pay(a.requester, a.beneficiary, end.gross - fee);
        _pay(a.requester, treasury, fee);
        _pay(a.requester, BURNED, end.burned);
        _pay(a.requester, a.provider, end.lost);
        _pay(a.provider, a.requester, end.slashed);
        _unlock(a.provider, a.bond - end.slashed);
        _unlock(a.requester, refunded + disputeBondOf(a) - end.lost);
    }

    function _pay(address from, address to, uint128 amount) private {
        if (amount > 0) vault.pay(from, to, amount);
    }

    function _unlock(address owner, uint128 amount) private {
        if (amount > 0) vault.unlock(owner, amount);
    }

    function _paying(Outcome outcome, uint128 gross) private pure returns (Ending memory) {
        return Ending(outcome, gross, 0, 0, 0);
    }

    function _checkTerms(bytes32 id, Agreement calldata a) private view {
        if (a.price == 0 || uint256(a.price) + disputeBondOf(a) > type(uint128).max) revert BadTerms(id, "price");
        if (a.requester == a.provider) revert BadTerms(id, "provider");
        if (a.arbiter == address(0) || a.arbiter == a.requester || a.arbiter == a.provider) revert BadTerms(id, "arbiter");
        if (_cannotHold(a.beneficiary)) revert BadTerms(id, "beneficiary");
        if (a.openBy >= a.deliverBy) revert BadTerms(id, "openBy");
        if (a.deliverBy > block.timestamp + MAX_SPAN) revert BadTerms(id, "deliverBy");
        if (a.challengeWindow < MIN_CHALLENGE || a.challengeWindow > MAX_SPAN) revert BadTerms(id, "challengeWindow");
        if (a.arbitrationWindow < MIN_ARBITRATION || a.arbitrationWindow > MAX_SPAN) {
            revert BadTerms(id, "arbitrationWindow");
        }
        if (a.splitBps != 0) revert BadTerms(id, "splitBps");
    }

    /// Nobody could withdraw what is credited to the zero address or to one of the contracts themselves.
    function _cannotHold(address who) private view returns (bool) {
        return who == address(0) || who == address(vault) || who == address(this) || who == registry || who == token;
    }

    function _checkSignature(bytes32 digest, address signer, bytes calldata signature) private view {
        if (revoked[signer][digest]) revert SignatureRevoked(digest, signer);
        if (!SignatureLib.isValid(signer, digest, signature)) revert BadSignature(digest, signer);
    }

    function _in(Agreement calldata a, State wanted) private view returns (bytes32 id, Entry storage e) {
        id = idOf(a);
        e = _entries[id];
        if (e.state != wanted) revert WrongState(id, e.state, wanted);
    }

    /// Open, delivered or disputed.
    function _live(Agreement calldata a) private view returns (bytes32 id, Entry storage e) {
        id = idOf(a);
        e = _entries[id];
        if (e.state == State.None || e.state == State.Closed) revert WrongState(id, e.state, State.Open);
    }

    /// What the provider says it has earned; nothing in a dispute about a checkpoint.
    function _claim(bytes32 id, Entry storage e, Agreement calldata a) private view returns (uint128) {
        if (e.deliveredAt == 0) return 0;
        uint128 claim = _claims[id];
        return claim == 0 ? a.price : claim;
    }

    function _share(uint128 amount, uint256 bps) private pure returns (uint128) {
        return uint128((uint256(amount) * bps) / BPS);
    }

    function _atLeast(uint128 floor, uint128 value) private pure returns (uint128) {
        return value < floor ? floor : value;
    }
}
