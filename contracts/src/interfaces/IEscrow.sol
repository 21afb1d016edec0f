// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Agreement, Receipt, Release} from "../AgreementLib.sol";

/// @title The escrow of agreements: one agreement, one lock.
/// @notice WARNING to requesters: after `challengeWindow` seconds without a dispute anyone may release what the provider claims.
/// @notice WARNING to providers: what is not delivered in time (`deliverBy` included), and not acknowledged by a receipt that is
/// brought within `challengeWindow` seconds after it, is lost.
/// @notice WARNING to providers: the requester can open a signed Agreement until `openBy`; call `revoke` to take the signature back
/// before that. A signed Release stays good while the agreement is open, until it is revoked.
interface IEscrow {
    enum State {
        None,
        Open,
        Delivered,
        Disputed,
        Closed
    }

    enum Outcome {
        None,
        Accepted,
        Released,
        Refunded,
        Cancelled,
        Ruled,
        Split
    }

    /// One storage slot for each agreement, for ever.
    struct Entry {
        State state;
        Outcome outcome;
        /// 0: nothing was delivered, also in a dispute about a checkpoint.
        uint40 deliveredAt;
        uint40 disputedAt;
        /// Highest cumulative amount seen.
        uint128 acknowledged;
    }

    event Opened(
        bytes32 indexed agreement,
        address indexed requester,
        address indexed provider,
        bytes32 jobId,
        uint32 shard,
        uint32 attempt,
        uint128 price,
        uint128 bond
    );
    event Acknowledged(bytes32 indexed agreement, uint128 amount, uint32 sequence, bytes32 digest);
    event Delivered(bytes32 indexed agreement, bytes32 result, uint128 amount, uint256 disputeUntil);
    event Disputed(bytes32 indexed agreement, uint256 ruleUntil);
    /// paid + fee + refunded + what Burned tells is the price; bondSlashed went from the provider's bond to the requester.
    event Closed(
        bytes32 indexed agreement, Outcome outcome, uint128 paid, uint128 fee, uint128 refunded, uint128 bondSlashed
    );
    /// This much of the requester's dispute bond went to the provider.
    event DisputeBondLost(bytes32 indexed agreement, uint128 amount);
    /// This much of the price was disputed and never ruled on: nobody has it.
    event Burned(bytes32 indexed agreement, uint128 amount);
    event Revoked(address indexed signer, bytes32 indexed digest);

    /// The agreement is in `actual`; the call needs `wanted`.
    error WrongState(bytes32 agreement, State actual, State wanted);
    /// `actual` second is after the last one that is allowed.
    error TooLate(bytes32 agreement, uint256 actual, uint256 last);
    /// `actual` second is not after `last`.
    error TooEarly(bytes32 agreement, uint256 actual, uint256 last);
    error NotAllowed(bytes32 agreement, address caller);
    error BadSignature(bytes32 digest, address signer);
    error SignatureRevoked(bytes32 digest, address signer);
    error OtherAgreement(bytes32 agreement, bytes32 named);
    /// The amount is outside `low`..`high`.
    error AmountOutOfRange(bytes32 agreement, uint256 amount, uint256 low, uint256 high);
    /// A term of the agreement is not acceptable; `term` names it.
    error BadTerms(bytes32 agreement, string term);
    error BadBps(uint256 bps);

    /// @notice Requester only, `now <= openBy`: locks its price and dispute bond and the provider's bond. Each agreement opens once
    /// for ever.
    /// @dev Only the requester, so that a transaction that failed is worth nothing to whoever saw it.
    function open(Agreement calldata a, bytes calldata providerSig) external returns (bytes32 id);

    /// @notice Raises the acknowledged amount with a receipt that the requester signed. The full price closes at once. After a
    /// delivery for less, the requester itself closes with any amount that reaches the claim.
    /// @dev Only the amount decides. `sequence` is for people: were it enforced, a requester could burn all the receipts that the
    /// provider holds by sending one with a high number and a low amount. Below the price a receipt that the provider sends never
    /// closes: it could deliver for exactly what it holds receipts for, close with them in the same second, and so take the
    /// requester's right to dispute checkpoints that were a lie. It waits for the window instead, or for the requester.
    function acknowledge(Agreement calldata a, Receipt calldata r, bytes calldata requesterSig) external;

    /// @notice Provider only, `now <= deliverBy`: commits to a result, or to a proven failure of the task, and claims `amount`, which
    /// is more than what is acknowledged and at most the price.
    function deliver(Agreement calldata a, bytes32 result, uint128 amount) external;

    /// @notice Anyone, after the challenge window: pays the claim, at least what is acknowledged.
    function release(Agreement calldata a) external;

    /// @notice Without delivery, later than `challengeWindow` seconds after `deliverBy`: the acknowledged part is paid, the rest and
    /// the bonds return. Receipts count until then.
    /// @param acknowledged the requester may raise what the contract knows (0: no change). The provider may end the agreement
    /// too, so that its bond never hangs on an absent requester, but cannot raise.
    function refund(Agreement calldata a, uint128 acknowledged) external;

    /// @notice Ends for `r.amount` with the consent of both; who sends it need not sign.
    /// @dev After delivery or dispute only the provider may send it, so that an old Release cannot take a delivered price away.
    function cancel(Agreement calldata a, Release calldata r, bytes calldata providerSig, bytes calldata requesterSig)
        external;

    /// @notice Requester only, inside the challenge window of a delivery; or, when nothing was delivered, in the `challengeWindow`
    /// seconds after `deliverBy`: against a checkpoint that was acknowledged and was a lie. The dispute bond is locked already.
    function dispute(Agreement calldata a) external;

    /// @notice Arbiter only, inside the arbitration window.
    /// @param providerBps the provider's share of the claim, which is never less than what is acknowledged, and of the requester's
    /// dispute bond.
    /// @param bondSlashBps the share of the provider's bond that goes to the requester.
    function rule(Agreement calldata a, uint256 providerBps, uint256 bondSlashBps) external;

    /// @notice Anyone, after the arbitration window: the provider gets what is acknowledged, nobody gets the rest of the claim, all
    /// else returns.
    /// @dev Silence must cost both sides alike: with a share for the provider garbage would earn while nobody rules, with one for the
    /// requester disputing would pay, and with one for the treasury an arbiter could earn by silence. Both can still agree (`cancel`),
    /// or the requester give in (`acknowledge`), as long as nobody has called this.
    function split(Agreement calldata a) external;

    /// @notice Takes back the sender's signature on an Agreement that is not open yet, or on a Release that is not used yet.
    /// @dev A Receipt cannot be taken back: it is money that the provider has earned.
    function revoke(bytes32 digest) external;

    function entryOf(bytes32 agreement) external view returns (Entry memory);

    /// @notice What the provider claims when that is less than the price. 0: the whole price once something is delivered, and nothing
    /// before that, nor in a dispute about a checkpoint (see `Entry.deliveredAt`).
    function claimOf(bytes32 agreement) external view returns (uint128);

    /// @notice `entryOf` and `claimOf` of the same moment: two calls may be answered by two nodes at different heights.
    function standingOf(bytes32 agreement) external view returns (Entry memory entry, uint128 claim);

    /// @notice What of the requester's money is held beside the price and lost to the provider when a ruling is for the provider:
    /// as much as the provider's bond, at least a tenth of the price (rounded up).
    function disputeBondOf(Agreement calldata a) external pure returns (uint128);

    /// @notice The EIP-712 digest, which is the agreement's id.
    function idOf(Agreement calldata a) external view returns (bytes32);
}
