// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Agreement, Receipt, Release} from "../AgreementLib.sol";

/// @title The escrow of agreements: one agreement, one lock.
/// @notice WARNING to requesters: after `challengeWindow` seconds without a dispute anyone may release the full price.
/// @notice WARNING to providers: what is not acknowledged by a receipt and not delivered in time (`deliverBy` included) is lost.
/// @notice WARNING to both: a signed Agreement can be opened by anyone who holds both signatures until `openBy`; call `revoke`
/// to take a signature back before that. A signed Release stays good while the agreement is open, until it is revoked.
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
    event Delivered(bytes32 indexed agreement, bytes32 result, uint256 disputeUntil);
    event Disputed(bytes32 indexed agreement, uint256 ruleUntil);
    /// paid + fee + refunded is the price; bondSlashed went from the provider's bond to the requester.
    event Closed(
        bytes32 indexed agreement, Outcome outcome, uint128 paid, uint128 fee, uint128 refunded, uint128 bondSlashed
    );
    /// The requester's dispute bond went to the provider.
    event DisputeBondLost(bytes32 indexed agreement, uint128 amount);
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

    /// @notice Locks price and bond. Anyone may send it; each agreement opens once for ever.
    function open(Agreement calldata a, bytes calldata requesterSig, bytes calldata providerSig)
        external
        returns (bytes32 id);

    /// @notice Raises the acknowledged amount with a receipt that the requester signed. The full price closes at once.
    /// @dev Only the amount decides. `sequence` is for people: were it enforced, a requester could burn all the receipts that the
    /// provider holds by sending one with a high number and a low amount.
    function acknowledge(Agreement calldata a, Receipt calldata r, bytes calldata requesterSig) external;

    /// @notice Provider only, `now <= deliverBy`: commits to a result.
    function deliver(Agreement calldata a, bytes32 result) external;

    /// @notice Anyone, after the challenge window: pays the full price.
    function release(Agreement calldata a) external;

    /// @notice After `deliverBy` without delivery: the acknowledged part is paid, the rest and the bond return.
    /// @param acknowledged the requester may raise what the contract knows (0: no change). The provider may end the agreement
    /// too, so that its bond never hangs on an absent requester, but cannot raise.
    function refund(Agreement calldata a, uint128 acknowledged) external;

    /// @notice Ends for `r.amount` with the consent of both; who sends it need not sign.
    /// @dev After delivery only the provider may send it, so that an old Release cannot take a delivered price away.
    function cancel(Agreement calldata a, Release calldata r, bytes calldata providerSig, bytes calldata requesterSig)
        external;

    /// @notice Requester only, inside the challenge window. Locks a dispute bond as high as the provider's bond. It returns,
    /// unless the ruling is wholly for the provider: then the provider gets it.
    function dispute(Agreement calldata a) external;

    /// @notice Arbiter only, inside the arbitration window.
    /// @param providerBps the provider's share of the price; never less than what is acknowledged.
    /// @param bondSlashBps the share of the provider's bond that goes to the requester.
    function rule(Agreement calldata a, uint256 providerBps, uint256 bondSlashBps) external;

    /// @notice Anyone, after the arbitration window: the provider gets `splitBps` of the price, at least what is acknowledged.
    function split(Agreement calldata a) external;

    /// @notice Takes back the sender's signature on an Agreement that is not open yet, or on a Release that is not used yet.
    /// @dev A Receipt cannot be taken back: it is money that the provider has earned.
    function revoke(bytes32 digest) external;

    function entryOf(bytes32 agreement) external view returns (Entry memory);

    /// @notice The EIP-712 digest, which is the agreement's id.
    function idOf(Agreement calldata a) external view returns (bytes32);
}
