// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Agreement, AgreementLib, Receipt, Release} from "../src/AgreementLib.sol";
import {Escrow} from "../src/Escrow.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {Base} from "./Base.sol";

/// Replay, theft and double pay, each refused.
contract AttacksTest is Base {
    function test_replay_onAnotherChainIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.chainId(4242);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.open(a, p);
    }

    function test_replay_onAnotherEscrowIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        Escrow other = new Escrow(vault, address(registry), TREASURY, FEE_BPS);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        other.open(a, p);
    }

    function test_replay_afterCloseIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        _acknowledge(a, 100);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.WrongState.selector, id, IEscrow.State.Closed, IEscrow.State.None)
        );
        escrow.open(a, p);
    }

    function test_receipt_ofAnotherAgreementIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        Agreement memory b = _agreement(101, 10);
        _open(a);
        bytes32 other = _open(b);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, other, 1, 100);
        vm.expectPartialRevert(IEscrow.OtherAgreement.selector);
        escrow.acknowledge(a, r, signature);
    }

    function test_receipt_forgedByTheProviderIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Receipt memory r, bytes memory signature) = _receipt(PROVIDER_KEY, id, 1, 100);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.acknowledge(a, r, signature);
    }

    function test_receipt_aboveThePriceIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 101);
        vm.expectPartialRevert(IEscrow.AmountOutOfRange.selector);
        escrow.acknowledge(a, r, signature);
    }

    function test_receipt_countsOnceAndNotAgain() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 40);
        escrow.acknowledge(a, r, signature);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountOutOfRange.selector, id, 40, 41, 100));
        escrow.acknowledge(a, r, signature);
    }

    function test_receipt_withAHighNumberDoesNotBurnTheOthers() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Receipt memory low, bytes memory lowSig) = _receipt(REQUESTER_KEY, id, type(uint32).max, 1);
        (Receipt memory earned, bytes memory earnedSig) = _receipt(REQUESTER_KEY, id, 3, 60);
        escrow.acknowledge(a, low, lowSig);
        escrow.acknowledge(a, earned, earnedSig);
        _eq(escrow.entryOf(id).acknowledged, 60, "acknowledged");
    }

    function test_deliveryCountsInTheLastSecondAndNotAfter() public {
        Agreement memory a = _agreement(100, 10);
        _open(a);
        vm.warp(a.deliverBy);
        _deliver(a);

        Agreement memory b = _agreement(102, 10);
        bytes32 id = _open(b);
        vm.warp(uint256(b.deliverBy) + 1);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, id, b.deliverBy + 1, b.deliverBy));
        escrow.deliver(b, keccak256("late"), 102);
    }

    function test_disputeVersusRelease_areComplementsAtTheSecond() public {
        Agreement memory a = _agreement(100, 10);
        _open(a);
        _deliver(a);
        vm.warp(block.timestamp + a.challengeWindow);
        vm.expectPartialRevert(IEscrow.TooEarly.selector);
        escrow.release(a);
        _dispute(a);

        Agreement memory b = _agreement(102, 10);
        _open(b);
        _deliver(b);
        vm.warp(block.timestamp + b.challengeWindow + 1);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.TooLate.selector);
        escrow.dispute(b);
        escrow.release(b);
    }

    function test_ruleVersusSplit_areComplementsAtTheSecond() public {
        Agreement memory a = _agreement(100, 10);
        _open(a);
        _deliver(a);
        vm.warp(block.timestamp + 100);
        _dispute(a);
        vm.warp(block.timestamp + a.arbitrationWindow);
        vm.expectPartialRevert(IEscrow.TooEarly.selector);
        escrow.split(a);
        vm.warp(block.timestamp + 1);
        vm.prank(arbiter);
        vm.expectPartialRevert(IEscrow.TooLate.selector);
        escrow.rule(a, 10_000, 0);
        escrow.split(a);
    }

    function test_openAfterOpenByIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.warp(uint256(a.openBy) + 1);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, id, a.openBy + 1, a.openBy));
        escrow.open(a, p);
        vm.warp(a.openBy);
        vm.prank(requester);
        escrow.open(a, p);
    }

    function test_strangerCannotRefundCancelDisputeDeliverOrRule() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, id, 0);
        vm.startPrank(STRANGER);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.deliver(a, keccak256("x"), 100);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.cancel(a, r, consent, consent);
        vm.warp(_graceEnds(a) + 1);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.refund(a, 0);
        vm.stopPrank();

        Agreement memory b = _agreement(102, 10);
        _open(b);
        _deliver(b);
        vm.prank(STRANGER);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.dispute(b);
        _dispute(b);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.rule(b, 0, 10_000);
    }

    function test_requesterWhoRefusesToPay_cannotHoldThePayBack() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _deliver(a);
        vm.warp(block.timestamp + a.challengeWindow + 1);
        vm.prank(STRANGER);
        escrow.release(a);
        _eq(_free(COLD), 1000 - _fee(1000), "paid");
        _eq(_free(provider), FUNDS, "bond back");
    }

    function test_requesterWhoRefunds_stillPaysWhatItAcknowledged() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _acknowledge(a, 400);
        vm.warp(_graceEnds(a) + 1);
        vm.prank(requester);
        escrow.refund(a, 0);
        _eq(_free(COLD), 400 - _fee(400), "paid");
    }

    function test_providerCannotRaiseTheAcknowledgedPartOfARefund() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        vm.warp(_graceEnds(a) + 1);
        vm.prank(provider);
        vm.expectPartialRevert(IEscrow.NotAllowed.selector);
        escrow.refund(a, 1);
        vm.prank(provider);
        escrow.refund(a, 0);
        _eq(_free(provider), FUNDS, "its bond does not hang on the requester");
        _eq(_free(requester), FUNDS, "the requester has its price back");
    }

    function test_arbiterCannotTakeWhatIsAcknowledged() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _deliver(a);
        _acknowledge(a, 700);
        _dispute(a);
        vm.prank(arbiter);
        escrow.rule(a, 0, 10_000);
        _eq(_free(COLD), 700 - _fee(700), "acknowledged stays");
        _eq(_free(requester), FUNDS - 700 + 50, "rest, dispute bond and slash");
        _eq(_locked(requester) + _locked(provider), 0, "nothing locked");
        _eq(_free(provider), FUNDS - 50, "slashed");
    }

    function test_doubleReleaseIsRefused() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _deliver(a);
        vm.warp(block.timestamp + a.challengeWindow + 1);
        escrow.release(a);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.release(a);
        _eq(_free(COLD), 1000 - _fee(1000), "once");
    }

    function test_requesterCannotEndAnAgreementAlone() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory own) = _release(REQUESTER_KEY, id, 0);
        vm.startPrank(requester);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.cancel(a, r, own, own);
        vm.expectPartialRevert(IEscrow.BadSignature.selector);
        escrow.cancel(a, r, "", "");
        vm.stopPrank();
        _eq(_locked(requester), 1100, "price and dispute bond");
    }

    function test_oldRelease_cannotTakeADeliveredPrice() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, id, 0);
        _deliver(a);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.cancel(a, r, consent, "");
    }

    function test_release_ofAnotherAgreementIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        Agreement memory b = _agreement(101, 10);
        _open(a);
        bytes32 other = _open(b);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, other, 0);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.OtherAgreement.selector);
        escrow.cancel(a, r, consent, "");
    }

    function test_releaseAboveThePriceIsRefused() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(REQUESTER_KEY, id, 101);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountOutOfRange.selector, id, 101, 0, 100));
        escrow.cancel(a, r, "", consent);
    }

    function test_releaseForThePriceIsTaken() public {
        Agreement memory a = _agreement(100, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(REQUESTER_KEY, id, 100);
        vm.prank(provider);
        escrow.cancel(a, r, "", consent);
        _eq(_free(COLD), 99, "the price");
    }

    function test_anOldReleaseThatWasRevokedEndsNothing() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, id, 0);
        bytes32 digest = _digest(keccak256(abi.encode(AgreementLib.RELEASE_TYPEHASH, r)));
        vm.prank(provider);
        escrow.revoke(digest);
        require(escrow.revoked(provider, digest) && !escrow.revoked(requester, digest), "its own alone");
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureRevoked.selector, digest, provider));
        escrow.cancel(a, r, consent, "");
    }

    function test_whatIsNotOpenOrHasClosed_takesNoCall() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = escrow.idOf(a);
        _refusesEverything(a, id, IEscrow.State.None);
        _open(a);
        _acknowledge(a, 1000);
        _refusesEverything(a, id, IEscrow.State.Closed);
    }

    function _refusesEverything(Agreement memory a, bytes32 id, IEscrow.State state) private {
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 9, 1000);
        (Release memory release, bytes memory consent) = _release(PROVIDER_KEY, id, 1000);
        bytes[8] memory calls = [
            abi.encodeCall(IEscrow.acknowledge, (a, r, signature)),
            abi.encodeCall(IEscrow.deliver, (a, keccak256("x"), 1000)),
            abi.encodeCall(IEscrow.release, (a)),
            abi.encodeCall(IEscrow.refund, (a, 0)),
            abi.encodeCall(IEscrow.cancel, (a, release, consent, consent)),
            abi.encodeCall(IEscrow.dispute, (a)),
            abi.encodeCall(IEscrow.rule, (a, 0, 0)),
            abi.encodeCall(IEscrow.split, (a))
        ];
        address[4] memory callers = [requester, provider, arbiter, STRANGER];
        for (uint256 i = 0; i < calls.length; i++) {
            for (uint256 j = 0; j < callers.length; j++) {
                vm.prank(callers[j]);
                (bool ok, bytes memory said) = address(escrow).call(calls[i]);
                require(!ok && bytes4(said) == IEscrow.WrongState.selector, "taken");
            }
        }
        require(escrow.entryOf(id).state == state, "unchanged");
    }

    function test_oldRelease_cannotGoBelowTheAcknowledged() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Release memory r, bytes memory consent) = _release(PROVIDER_KEY, id, 100);
        _acknowledge(a, 300);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.AmountOutOfRange.selector);
        escrow.cancel(a, r, consent, "");
    }

    function test_afterDelivery_theProviderMayEndWithTheRequestersConsent() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        _deliver(a);
        (Release memory r, bytes memory consent) = _release(REQUESTER_KEY, id, 100);
        vm.prank(provider);
        escrow.cancel(a, r, "", consent);
        _eq(_free(requester), FUNDS - 100, "rest");
    }

    function test_revokedSignatureDoesNotOpen() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(provider);
        escrow.revoke(id);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureRevoked.selector, id, provider));
        escrow.open(a, p);
    }
}
