// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IVault} from "./interfaces/IVault.sol";
import {Agreement, AgreementLib, Receipt, Release} from "./AgreementLib.sol";

/// @title Escrow
/// @dev Keeps one slot per agreement; the terms come back as calldata and are checked by their digest. It never touches the
/// token and calls only the vault (trusted, no callbacks) and, by staticcall, EIP-1271 signers.
contract Escrow is IEscrow, EIP712 {
    using AgreementLib for *;

    uint256 private constant BPS = 10_000;
    /// No term may hold money for longer than this, so that a typing error cannot lock it for ever.
    uint256 public constant MAX_SPAN = 366 days;

    IVault public immutable vault;
    address public immutable treasury;
    /// Fee on what providers are paid, in basis points; rounded up, so that rounding never favours the claimer.
    uint256 public immutable feeBps;

    mapping(bytes32 agreement => Entry) private _entries;
    mapping(address signer => mapping(bytes32 digest => bool)) public revoked;

    constructor(IVault vault_, address treasury_, uint256 feeBps_) EIP712("Shoal", "1") {
        if (feeBps_ > BPS) revert BadBps(feeBps_);
        if (address(vault_) == address(0)) revert IVault.ZeroAddress();
        if (treasury_ == address(0)) revert IVault.ZeroAddress();
        (vault, treasury, feeBps) = (vault_, treasury_, feeBps_);
    }

    /// @inheritdoc IEscrow
    function entryOf(bytes32 agreement) external view returns (Entry memory) {
        return _entries[agreement];
    }

    /// @inheritdoc IEscrow
    function idOf(Agreement calldata a) public view returns (bytes32) {
        return _hashTypedDataV4(a.structHash());
    }

    /// @inheritdoc IEscrow
    function revoke(bytes32 digest) external {
        revoked[msg.sender][digest] = true;
        emit Revoked(msg.sender, digest);
    }

    /// @inheritdoc IEscrow
    function open(Agreement calldata a, bytes calldata requesterSig, bytes calldata providerSig)
        external
        returns (bytes32 id)
    {
        id = idOf(a);
        Entry storage e = _entries[id];
        if (e.state != State.None) revert WrongState(id, e.state, State.None);
        if (block.timestamp > a.openBy) revert TooLate(id, block.timestamp, a.openBy);
        _checkTerms(id, a);
        _checkSignature(id, a.requester, requesterSig);
        _checkSignature(id, a.provider, providerSig);
        e.state = State.Open;
        emit Opened(id, a.requester, a.provider, a.jobId, a.shard, a.attempt, a.price, a.bond);
        vault.lock(a.requester, a.price);
        if (a.bond > 0) vault.lock(a.provider, a.bond);
    }

    /// @inheritdoc IEscrow
    function acknowledge(Agreement calldata a, Receipt calldata r, bytes calldata requesterSig) external {
        (bytes32 id, Entry storage e) = _live(a);
        if (r.agreement != id) revert OtherAgreement(id, r.agreement);
        uint128 known = e.acknowledged;
        if (r.amount <= known || r.amount > a.price) revert AmountOutOfRange(id, r.amount, uint256(known) + 1, a.price);
        bytes32 digest = _hashTypedDataV4(r.structHash());
        if (!SignatureChecker.isValidSignatureNow(a.requester, digest, requesterSig)) {
            revert BadSignature(digest, a.requester);
        }
        e.acknowledged = r.amount;
        emit Acknowledged(id, r.amount, r.sequence, r.digest);
        if (r.amount == a.price) _close(id, e, a, Outcome.Accepted, r.amount, 0, false);
    }

    /// @inheritdoc IEscrow
    function deliver(Agreement calldata a, bytes32 result) external {
        (bytes32 id, Entry storage e) = _in(a, State.Open);
        if (msg.sender != a.provider) revert NotAllowed(id, msg.sender);
        if (block.timestamp > a.deliverBy) revert TooLate(id, block.timestamp, a.deliverBy);
        e.state = State.Delivered;
        e.deliveredAt = uint40(block.timestamp);
        emit Delivered(id, result, block.timestamp + a.challengeWindow);
    }

    /// @inheritdoc IEscrow
    function release(Agreement calldata a) external {
        (bytes32 id, Entry storage e) = _in(a, State.Delivered);
        uint256 last = uint256(e.deliveredAt) + a.challengeWindow;
        if (block.timestamp <= last) revert TooEarly(id, block.timestamp, last);
        _close(id, e, a, Outcome.Released, a.price, 0, false);
    }

    /// @inheritdoc IEscrow
    function refund(Agreement calldata a, uint128 acknowledged) external {
        (bytes32 id, Entry storage e) = _in(a, State.Open);
        if (msg.sender != a.requester && msg.sender != a.provider) revert NotAllowed(id, msg.sender);
        if (block.timestamp <= a.deliverBy) revert TooEarly(id, block.timestamp, a.deliverBy);
        uint128 known = e.acknowledged;
        if (acknowledged > known) {
            if (msg.sender != a.requester) revert NotAllowed(id, msg.sender);
            if (acknowledged > a.price) revert AmountOutOfRange(id, acknowledged, known, a.price);
            known = acknowledged;
            e.acknowledged = known;
        }
        _close(id, e, a, Outcome.Refunded, known, 0, false);
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
        _close(id, e, a, Outcome.Cancelled, r.amount, 0, false);
    }

    /// @inheritdoc IEscrow
    function dispute(Agreement calldata a) external {
        (bytes32 id, Entry storage e) = _in(a, State.Delivered);
        if (msg.sender != a.requester) revert NotAllowed(id, msg.sender);
        uint256 last = uint256(e.deliveredAt) + a.challengeWindow;
        if (block.timestamp > last) revert TooLate(id, block.timestamp, last);
        e.state = State.Disputed;
        e.disputedAt = uint40(block.timestamp);
        emit Disputed(id, block.timestamp + a.arbitrationWindow);
        if (a.bond > 0) vault.lock(a.requester, a.bond);
    }

    /// @inheritdoc IEscrow
    function rule(Agreement calldata a, uint256 providerBps, uint256 bondSlashBps) external {
        (bytes32 id, Entry storage e) = _in(a, State.Disputed);
        if (msg.sender != a.arbiter) revert NotAllowed(id, msg.sender);
        if (providerBps > BPS) revert BadBps(providerBps);
        if (bondSlashBps > BPS) revert BadBps(bondSlashBps);
        uint256 last = uint256(e.disputedAt) + a.arbitrationWindow;
        if (block.timestamp > last) revert TooLate(id, block.timestamp, last);
        uint128 gross = _atLeast(e.acknowledged, _share(a.price, providerBps));
        _close(id, e, a, Outcome.Ruled, gross, _share(a.bond, bondSlashBps), providerBps == BPS);
    }

    /// @inheritdoc IEscrow
    function split(Agreement calldata a) external {
        (bytes32 id, Entry storage e) = _in(a, State.Disputed);
        uint256 last = uint256(e.disputedAt) + a.arbitrationWindow;
        if (block.timestamp <= last) revert TooEarly(id, block.timestamp, last);
        _close(id, e, a, Outcome.Split, _atLeast(e.acknowledged, _share(a.price, a.splitBps)), 0, false);
    }

    /// Closes for good, then moves the money. `gross` is the provider's part of the price before the fee.
    function _close(
        bytes32 id,
        Entry storage e,
        Agreement calldata a,
        Outcome outcome,
        uint128 gross,
        uint128 slashed,
        bool disputeBondLost
    ) private {
        bool disputed = e.state == State.Disputed;
        (e.state, e.outcome) = (State.Closed, outcome);
        // gross <= 2^128 and feeBps <= 10^4: no overflow in 256 bits, and fee <= gross.
        uint128 fee = uint128((uint256(gross) * feeBps + BPS - 1) / BPS);
        uint128 refunded = a.price - gross;
        emit Closed(id, outcome, gross - fee, fee, refunded, slashed);
        if (gross > fee) vault.pay(a.requester, a.beneficiary, gross - fee);
        if (fee > 0) vault.pay(a.requester, treasury, fee);
        if (slashed > 0) vault.pay(a.provider, a.requester, slashed);
        if (a.bond > slashed) vault.unlock(a.provider, a.bond - slashed);
        uint128 back = refunded;
        if (disputed && a.bond > 0) {
            if (disputeBondLost) {
                emit DisputeBondLost(id, a.bond);
                vault.pay(a.requester, a.provider, a.bond);
            } else {
                back += a.bond; // both were locked from a uint128 balance, so the sum fits
            }
        }
        if (back > 0) vault.unlock(a.requester, back);
    }

    function _checkTerms(bytes32 id, Agreement calldata a) private view {
        if (a.price == 0) revert BadTerms(id, "price");
        if (a.requester == a.provider) revert BadTerms(id, "provider");
        if (a.arbiter == address(0) || a.arbiter == a.requester || a.arbiter == a.provider) revert BadTerms(id, "arbiter");
        if (a.beneficiary == address(0)) revert BadTerms(id, "beneficiary");
        if (a.openBy >= a.deliverBy) revert BadTerms(id, "openBy");
        if (a.deliverBy > block.timestamp + MAX_SPAN) revert BadTerms(id, "deliverBy");
        if (a.challengeWindow > MAX_SPAN) revert BadTerms(id, "challengeWindow");
        if (a.arbitrationWindow > MAX_SPAN) revert BadTerms(id, "arbitrationWindow");
        if (a.splitBps > BPS) revert BadTerms(id, "splitBps");
    }

    function _checkSignature(bytes32 digest, address signer, bytes calldata signature) private view {
        if (revoked[signer][digest]) revert SignatureRevoked(digest, signer);
        if (!SignatureChecker.isValidSignatureNow(signer, digest, signature)) revert BadSignature(digest, signer);
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

    function _share(uint128 amount, uint256 bps) private pure returns (uint128) {
        return uint128((uint256(amount) * bps) / BPS);
    }

    function _atLeast(uint128 floor, uint128 value) private pure returns (uint128) {
        return value < floor ? floor : value;
    }
}
