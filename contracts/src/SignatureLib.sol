// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Whether an account has signed a digest: by its key, or else by its code (EIP-1271).
/// @dev The key comes first. Were the code asked first, an account could void what its key has signed by giving itself code later
/// (EIP-7702). The code is a stranger's: it gets a bounded amount of gas, and of what it returns one word is read and nothing copied.
library SignatureLib {
    /// What a signer's code may burn. Enough for a wallet of several owners; its caller pays it.
    uint256 internal constant SIGNER_GAS = 100_000;
    /// What is needed beside it for the call itself: two accounts may be cold (2,600 each) when the code is delegated.
    uint256 private constant CALL_GAS = 6_000;

    /// There is not so much gas left that the signer's code could be given SIGNER_GAS; send more. Without this whoever sends the call
    /// could make a good signature look bad.
    error SignerGasLow(address signer, uint256 available, uint256 needed);

    /// A signature of 65 bytes (r, s, v) or 64 (r, vs: ERC-2098) that recovers to `signer` is valid whatever code the account has.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        return _recovers(signer, digest, signature) || (signer.code.length > 0 && _asks(signer, digest, signature));
    }

    function _recovers(address signer, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        (address found, ECDSA.RecoverError problem,) = signature.length == 64
            ? ECDSA.tryRecover(digest, bytes32(signature[:32]), bytes32(signature[32:]))
            : ECDSA.tryRecoverCalldata(digest, signature);
        return problem == ECDSA.RecoverError.NoError && found == signer;
    }

    function _asks(address signer, bytes32 digest, bytes calldata signature) private view returns (bool valid) {
        bytes4 magic = IERC1271.isValidSignature.selector;
        bytes memory data = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        // A call is given at most 63/64 of what is left (EIP-150), silently.
        uint256 needed = ((SIGNER_GAS + CALL_GAS) * 64) / 63;
        if (gasleft() < needed) revert SignerGasLow(signer, gasleft(), needed);
        assembly ("memory-safe") {
            let ok := staticcall(SIGNER_GAS, signer, add(data, 0x20), mload(data), 0, 0x20)
            valid := and(ok, and(gt(returndatasize(), 0x1f), eq(mload(0), magic)))
        }
    }
}
