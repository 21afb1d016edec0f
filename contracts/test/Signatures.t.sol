// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Agreement, Receipt, Release} from "../src/AgreementLib.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {SignatureLib} from "../src/SignatureLib.sol";
import {Base} from "./Base.sol";

/// A wallet contract that signs with one key.
contract Wallet is IERC1271 {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == owner ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function run(address to, bytes calldata data) external {
        (bool ok, bytes memory said) = to.call(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(said, 0x20), mload(said))
        }
    }
}

/// Code that says no to everything.
contract Refuses {
    fallback() external {}
}

/// Code that burns all the gas it is given.
contract Burns {
    fallback() external {
        for (uint256 i = 0;; i++) {}
    }
}

/// Code that answers with as many zeros as its gas pays for, so that whoever copies them pays as well.
contract Floods {
    fallback() external {
        assembly {
            return(0, 1000000)
        }
    }
}

/// Code that answers yes in fewer bytes than a word.
contract Short {
    fallback() external {
        assembly {
            mstore(0, shl(224, 0x1626ba7e))
            return(0, 31)
        }
    }
}

/// Code that answers yes and then fails.
contract Fails {
    fallback() external {
        assembly {
            mstore(0, shl(224, 0x1626ba7e))
            revert(0, 32)
        }
    }
}

/// Code that answers yes with something behind it in the same word.
contract Dirty {
    fallback() external {
        assembly {
            mstore(0, or(shl(224, 0x1626ba7e), 1))
            return(0, 32)
        }
    }
}

/// Needs nearly all the gas that a signer is given to say yes.
contract Slow is IERC1271 {
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        uint256 begun = gasleft();
        while (begun - gasleft() < 97_000) {}
        return IERC1271.isValidSignature.selector;
    }
}

contract SignaturesTest is Base {
    /// The audit's theft: a requester that delegates its account (EIP-7702) after signing receipts voids none of them.
    function test_eip7702_delegationAfterSigningReceiptsVoidsNothing() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 600);
        vm.signAndAttachDelegation(address(new Refuses()), REQUESTER_KEY);
        vm.prank(provider);
        escrow.acknowledge(a, r, signature);
        require(requester.code.length > 0, "delegated");
        _eq(escrow.entryOf(id).acknowledged, 600, "counts");

        vm.etch(requester, address(new Burns()).code);
        (r, signature) = _receipt(REQUESTER_KEY, id, 2, 1000);
        vm.prank(provider);
        escrow.acknowledge{gas: 400_000}(a, r, signature);
        _eq(_free(COLD), 1000 - _fee(1000), "paid");
    }

    function test_eip7702_aDelegatedProviderMayStillSignAndBeHeldToIt() public {
        vm.etch(provider, address(new Refuses()).code);
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, id, 5);
        vm.prank(requester);
        escrow.cancel(a, r, consent, "");
        _eq(_free(COLD), 5, "cancelled for five");
    }

    /// The audit's other way: each claim burns all the gas there is.
    function test_aSignerThatBurnsAllGasCostsABoundedAmount() public {
        (Agreement memory a, bytes32 id, Wallet wallet) = _openByWallet();
        (Receipt memory r, bytes memory signature) = _receipt(ARBITER_KEY, id, 1, 600);
        vm.etch(address(wallet), address(new Burns()).code);
        uint256 before = gasleft();
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.acknowledge(a, r, signature);
        require(before - gasleft() < 250_000, "bounded");
    }

    function test_aSignerThatFloodsCostsABoundedAmount() public {
        (Agreement memory a, bytes32 id, Wallet wallet) = _openByWallet();
        (Receipt memory r, bytes memory signature) = _receipt(ARBITER_KEY, id, 1, 600);
        vm.etch(address(wallet), address(new Floods()).code);
        uint256 before = gasleft();
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.acknowledge(a, r, signature);
        require(before - gasleft() < 250_000, "bounded");
    }

    function test_answersThatAreNotExactlyYesAreNo() public {
        (Agreement memory a, bytes32 id, Wallet wallet) = _openByWallet();
        (Receipt memory r, bytes memory signature) = _receipt(ARBITER_KEY, id, 1, 600);
        bytes[4] memory codes = [
            address(new Refuses()).code, address(new Short()).code, address(new Fails()).code, address(new Dirty()).code
        ];
        for (uint256 i = 0; i < codes.length; i++) {
            vm.etch(address(wallet), codes[i]);
            vm.expectPartialRevert(IEscrow.BadSignature.selector);
            escrow.acknowledge(a, r, signature);
        }
    }

    /// Nobody makes a good signature look bad by sending too little gas: it is refused by that name, and with enough it counts.
    function test_tooLittleGasIsNoBadSignature() public {
        (Agreement memory a, bytes32 id, Wallet wallet) = _openByWallet();
        (Receipt memory r, bytes memory signature) = _receipt(ARBITER_KEY, id, 1, 600);
        vm.etch(address(wallet), address(new Slow()).code);
        bool low;
        for (uint256 gas = 40_000; gas < 200_000; gas += 500) {
            (bool ok, bytes memory said) =
                address(escrow).call{gas: gas}(abi.encodeCall(IEscrow.acknowledge, (a, r, signature)));
            if (ok) {
                require(low, "never refused for its gas");
                _eq(escrow.entryOf(id).acknowledged, 600, "counts");
                return;
            }
            bytes4 why = said.length < 4 ? bytes4(0) : bytes4(said);
            require(why != IEscrow.BadSignature.selector, "a good signature was called bad");
            low = low || why == SignatureLib.SignerGasLow.selector;
        }
        revert("never taken");
    }

    function test_contractWallet_maySignAsRequesterAndAsProvider() public {
        (Agreement memory a, bytes32 id, Wallet wallet) = _openByWallet();
        (Receipt memory r, bytes memory wrong) = _receipt(REQUESTER_KEY, id, 1, 600);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.acknowledge(a, r, wrong);
        bytes memory right;
        (r, right) = _receipt(ARBITER_KEY, id, 1, 600);
        escrow.acknowledge(a, r, right);
        _eq(escrow.entryOf(id).acknowledged, 600, "counts");

        Agreement memory b = _agreement(900, 0);
        b.provider = address(wallet);
        bytes32 other = escrow.idOf(b);
        bytes memory p = _sign(ARBITER_KEY, other);
        vm.prank(requester);
        escrow.open(b, p);
        wallet.run(address(escrow), abi.encodeCall(IEscrow.deliver, (b, keccak256("result"), 900)));
        require(escrow.entryOf(other).state == IEscrow.State.Delivered, "delivered");
    }

    function test_shortSignatures_countAsWell() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Receipt memory r, bytes memory long) = _receipt(REQUESTER_KEY, id, 1, 600);
        (bytes32 x, bytes32 y) = abi.decode(long, (bytes32, bytes32));
        bytes32 vs = bytes32(uint256(y) | (uint256(uint8(long[64]) - 27) << 255));
        escrow.acknowledge(a, r, abi.encodePacked(x, vs));
        _eq(escrow.entryOf(id).acknowledged, 600, "counts");
    }

    function test_signaturesOfNobodyAreRefused() public {
        Agreement memory a = _agreement(1000, 0);
        a.provider = address(0);
        bytes[4] memory forged = [bytes(""), new bytes(64), new bytes(65), new bytes(66)];
        for (uint256 i = 0; i < forged.length; i++) {
            vm.prank(requester);
            vm.expectPartialRevert(IEscrow.BadSignature.selector);
            escrow.open(a, forged[i]);
        }
    }

    /// An agreement whose requester is a wallet that the arbiter's key signs for.
    function _openByWallet() private returns (Agreement memory a, bytes32 id, Wallet wallet) {
        wallet = new Wallet(arbiter);
        require(token.transfer(address(wallet), 5000));
        wallet.run(address(token), abi.encodeCall(IERC20.approve, (address(vault), 5000)));
        wallet.run(address(vault), abi.encodeCall(IVault.deposit, (5000)));
        a = _agreement(1000, 10);
        a.requester = address(wallet);
        id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        wallet.run(address(escrow), abi.encodeCall(IEscrow.open, (a, p)));
        _eq(_locked(address(wallet)), 1100, "locked");
    }
}
