// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// What both sides sign before money is locked: one attempt at one shard. Times are seconds since 1970.
struct Agreement {
    bytes32 jobId;
    uint32 shard;
    uint32 attempt;
    /// Its free balance pays.
    address requester;
    /// Its free balance gives the bond; it delivers.
    address provider;
    /// Where the provider's pay is credited.
    address beneficiary;
    /// Decides a dispute.
    address arbiter;
    uint128 price;
    uint128 bond;
    bytes32 specHash;
    bytes32 bidRoot;
    uint64 openBy;
    uint64 deliverBy;
    uint32 challengeWindow;
    uint32 arbitrationWindow;
    uint16 splitBps;
    bytes32 salt;
}

/// The requester's acknowledgement: a cumulative amount.
struct Receipt {
    bytes32 agreement;
    uint32 sequence;
    bytes32 digest;
    uint128 amount;
}

/// The provider's consent to end early for `amount`.
struct Release {
    bytes32 agreement;
    uint128 amount;
}

/// @title EIP-712 struct hashes. `src/protocol/eip712.ts` declares the same structs; a test compares them.
library AgreementLib {
    bytes32 internal constant AGREEMENT_TYPEHASH = keccak256(
        "Agreement(bytes32 jobId,uint32 shard,uint32 attempt,address requester,address provider,address beneficiary,"
        "address arbiter,uint128 price,uint128 bond,bytes32 specHash,bytes32 bidRoot,uint64 openBy,uint64 deliverBy,"
        "uint32 challengeWindow,uint32 arbitrationWindow,uint16 splitBps,bytes32 salt)"
    );
    bytes32 internal constant RECEIPT_TYPEHASH =
        keccak256("Receipt(bytes32 agreement,uint32 sequence,bytes32 digest,uint128 amount)");
    bytes32 internal constant RELEASE_TYPEHASH = keccak256("Release(bytes32 agreement,uint128 amount)");

    /// All members are static, so the ABI encoding of the struct is its EIP-712 encoding.
    function structHash(Agreement calldata a) internal pure returns (bytes32) {
        return keccak256(abi.encode(AGREEMENT_TYPEHASH, a));
    }

    function structHash(Receipt calldata r) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT_TYPEHASH, r));
    }

    function structHash(Release calldata r) internal pure returns (bytes32) {
        return keccak256(abi.encode(RELEASE_TYPEHASH, r));
    }
}
