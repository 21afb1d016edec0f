// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Agreement, Receipt, Release} from "../src/AgreementLib.sol";
import {Escrow} from "../src/Escrow.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Base, Maker, Vm} from "./Base.sol";

/// Openings and terms.
contract OpeningTest is Base {
    /// The audit's replay: the transaction of an opening that failed stands in public with its signature, and nobody else can send it.
    function test_replayOfAFailedOpening_byAnybodyButTheRequesterIsRefused() public {
        Agreement memory a = _agreement(FUNDS, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(requester);
        vm.expectPartialRevert(IVault.FundsLow.selector);
        escrow.open(a, p);
        require(token.transfer(requester, FUNDS));
        vm.startPrank(requester);
        token.approve(address(vault), FUNDS);
        vault.deposit(FUNDS);
        vm.stopPrank();
        address[3] memory others = [provider, arbiter, STRANGER];
        for (uint256 i = 0; i < others.length; i++) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotAllowed.selector, id, others[i]));
            escrow.open(a, p);
        }
        require(escrow.entryOf(id).state == IEscrow.State.None, "not open");
    }

    function test_open_locksPriceAndDisputeBondAndTheProvidersBond() public {
        Agreement memory a = _agreement(1001, 50);
        bytes32 id = _open(a);
        _eq(escrow.disputeBondOf(a), 101, "a tenth, rounded up");
        _eq(_locked(requester), 1001 + 101, "requester");
        _eq(_free(requester), FUNDS - 1102, "requester's rest");
        _eq(_locked(provider), 50, "provider");
        require(escrow.entryOf(id).state == IEscrow.State.Open, "open");
    }

    function test_disputeBond_isTheLargerOfTheBondAndATenth() public view {
        uint128[2][6] memory cases =
            [[uint128(1), 0], [uint128(10), 0], [uint128(11), 0], [uint128(1000), 100], [uint128(1000), 101], [
                type(uint128).max, 0
            ]];
        uint128[6] memory wanted = [uint128(1), 1, 2, 100, 101, type(uint128).max / 10 + 1];
        for (uint256 i = 0; i < cases.length; i++) {
            _eq(escrow.disputeBondOf(_agreement(cases[i][0], cases[i][1])), wanted[i], "dispute bond");
        }
    }

    /// The audit: a requester whose free balance is below the dispute bond could never dispute, so garbage was paid.
    function test_requesterWithoutTheDisputeBond_cannotOpen() public {
        Agreement memory a = _agreement(FUNDS, 50);
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(IVault.FundsLow.selector, requester, FUNDS, uint256(FUNDS) + FUNDS / 10)
        );
        escrow.open(a, p);
    }

    function test_providerWithoutTheBond_cannotOpen() public {
        vm.prank(provider);
        vault.withdraw(FUNDS - 9, provider);
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IVault.FundsLow.selector, provider, 9, 10));
        escrow.open(a, p);
    }

    function test_termsThatCannotBeKeptAreRefused() public {
        for (uint256 i = 0; i < 21; i++) {
            Agreement memory a = _agreement(1000, 10);
            string memory term = "beneficiary";
            if (i == 0) (a.price, term) = (0, "price");
            if (i == 1) (a.price, term) = (type(uint128).max, "price");
            if (i == 2) (a.price, a.bond, term) = (2 ** 127, 2 ** 127, "price");
            if (i == 3) (a.arbiter, term) = (a.requester, "arbiter");
            if (i == 4) (a.arbiter, term) = (a.provider, "arbiter");
            if (i == 5) (a.arbiter, term) = (address(0), "arbiter");
            if (i == 6) a.beneficiary = address(0);
            if (i == 7) a.beneficiary = address(vault);
            if (i == 8) a.beneficiary = address(escrow);
            if (i == 9) a.beneficiary = address(registry);
            if (i == 10) a.beneficiary = address(token);
            if (i == 11) (a.openBy, term) = (a.deliverBy, "openBy");
            if (i == 12) (a.deliverBy, term) = (uint64(block.timestamp + 366 days + 1), "deliverBy");
            if (i == 13) (a.challengeWindow, term) = (0, "challengeWindow");
            if (i == 14) (a.challengeWindow, term) = (4, "challengeWindow");
            if (i == 15) (a.challengeWindow, term) = (366 days + 1, "challengeWindow");
            if (i == 16) (a.arbitrationWindow, term) = (59, "arbitrationWindow");
            if (i == 17) (a.arbitrationWindow, term) = (366 days + 1, "arbitrationWindow");
            if (i == 18) (a.splitBps, term) = (1, "splitBps");
            if (i == 19) (a.splitBps, term) = (10_000, "splitBps");
            if (i == 20) (a.provider, term) = (a.requester, "provider");
            bytes32 id = escrow.idOf(a);
            bytes memory p = _sign(i == 20 ? REQUESTER_KEY : PROVIDER_KEY, id);
            vm.prank(requester);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.BadTerms.selector, id, term));
            escrow.open(a, p);
        }
    }

    /// The audit: what is credited to the vault itself nobody can withdraw.
    function test_payToTheVaultsOwnAddress_isRefused() public {
        Agreement memory a = _agreement(1000, 10);
        a.beneficiary = address(vault);
        _refused(a, "beneficiary");
    }

    /// The audit: nobody can object in a window of no length.
    function test_challengeWindowOfZero_isRefused() public {
        Agreement memory a = _agreement(1000, 10);
        a.challengeWindow = 0;
        _refused(a, "challengeWindow");
    }

    function _refused(Agreement memory a, string memory term) private {
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadTerms.selector, id, term));
        escrow.open(a, p);
    }

    function test_termsAtTheirLimitsAreTaken() public {
        Agreement memory a = _agreement(1, 0);
        (a.challengeWindow, a.arbitrationWindow, a.deliverBy) = (5, 60, uint64(block.timestamp + 366 days));
        _open(a);
        Agreement memory b = _agreement(2, 0);
        (b.challengeWindow, b.arbitrationWindow, b.openBy) = (366 days, 366 days, b.deliverBy - 1);
        _open(b);
    }

    /// Price and dispute bond together must fit what a balance can hold, to the last unit.
    function test_theLargestPriceThatFits_isRefusedForItsMoneyAndNotForItsTerms() public {
        uint128 largest = 309347606291762239512158734028880192231;
        require(uint256(largest) + (uint256(largest) + 9) / 10 == type(uint128).max, "sum");
        Agreement memory a = _agreement(largest, 0);
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(requester);
        vm.expectPartialRevert(IVault.FundsLow.selector);
        escrow.open(a, p);
        a = _agreement(largest + 1, 0);
        id = escrow.idOf(a);
        p = _sign(PROVIDER_KEY, id);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadTerms.selector, id, "price"));
        escrow.open(a, p);
    }

    function test_networksThatCannotPayAreNotMade() public {
        Maker maker = new Maker();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadBps.selector, 1001));
        maker.escrow(vault, address(registry), TREASURY, 1001);
        vm.expectPartialRevert(IVault.ZeroAddress.selector);
        maker.escrow(IVault(address(0)), address(registry), TREASURY, 1);
        vm.expectPartialRevert(IVault.ZeroAddress.selector);
        maker.escrow(vault, address(0), TREASURY, 1);
        address[4] memory bad = [address(0), address(vault), address(registry), address(token)];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(IVault.BadReceiver.selector, bad[i]));
            maker.escrow(vault, address(registry), bad[i], 1);
        }
        Escrow made = maker.escrow(vault, address(registry), TREASURY, 1000);
        _eq(made.feeBps(), 1000, "fee");
        require(made.token() == address(token) && made.registry() == address(registry), "wired");
        require(made.treasury() == TREASURY && address(made.vault()) == address(vault), "wired");
    }
}

/// Deliveries for the price and for less, and who is paid what when nobody objects.
contract ClaimsTest is Base {
    function test_deliveryForThePrice_isReleasedInFull() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        _deliver(a);
        _eq(escrow.claimOf(id), 0, "no second slot");
        vm.warp(block.timestamp + a.challengeWindow + 1);
        vm.prank(STRANGER);
        escrow.release(a);
        _ended(a, 1000, 0, 0, 0);
    }

    function test_deliveryForLess_isReleasedForLess() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        _claim(a, 300);
        _eq(escrow.claimOf(id), 300, "claim");
        (IEscrow.Entry memory e, uint128 claim) = escrow.standingOf(id);
        require(e.state == IEscrow.State.Delivered && e.deliveredAt == block.timestamp && claim == 300, "standing");
        vm.warp(block.timestamp + a.challengeWindow + 1);
        escrow.release(a);
        _ended(a, 300, 0, 0, 0);
    }

    function test_release_paysWhatIsAcknowledgedWhenThatIsMore() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _claim(a, 300);
        _acknowledge(a, 400);
        vm.warp(block.timestamp + a.challengeWindow + 1);
        escrow.release(a);
        _ended(a, 400, 0, 0, 0);
    }

    function test_claimsOutsideWhatIsOwedAreRefused() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        _acknowledge(a, 400);
        uint128[3] memory bad = [uint128(0), 400, 1001];
        for (uint256 i = 0; i < bad.length; i++) {
            vm.prank(provider);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountOutOfRange.selector, id, bad[i], 401, 1000));
            escrow.deliver(a, keccak256("x"), bad[i]);
        }
        _claim(a, 401);
    }

    function test_onlyTheProviderDeliversAndOnce() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotAllowed.selector, id, requester));
        escrow.deliver(a, keccak256("x"), 1000);
        _claim(a, 500);
        vm.prank(provider);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.deliver(a, keccak256("x"), 1000);
    }

    function test_fullReceipt_closesWhateverIsClaimed() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _claim(a, 300);
        _acknowledge(a, 1000);
        _ended(a, 1000, 0, 0, 0);
    }

    function test_requesterThatAcknowledgesTheClaim_closesAtOnce() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        _claim(a, 300);
        (Receipt memory low, bytes memory lowSig) = _receipt(REQUESTER_KEY, id, 1, 299);
        vm.prank(requester);
        escrow.acknowledge(a, low, lowSig);
        require(escrow.entryOf(id).state == IEscrow.State.Delivered, "not enough");
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 2, 300);
        vm.prank(requester);
        escrow.acknowledge(a, r, signature);
        require(escrow.entryOf(id).outcome == IEscrow.Outcome.Accepted, "accepted");
        _ended(a, 300, 0, 0, 0);
    }

    function test_requesterThatAcknowledgesPartOfThePriceBeforeADelivery_closesNothing() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 999);
        vm.prank(requester);
        escrow.acknowledge(a, r, signature);
        require(escrow.entryOf(id).state == IEscrow.State.Open, "open");
    }

    /// A provider whose checkpoints were a lie delivers for exactly what it holds receipts for: that must not close it.
    function test_providerCannotCloseByItselfBelowThePrice() public {
        Agreement memory a = _agreement(1000, 50);
        bytes32 id = _open(a);
        _claim(a, 300);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 300);
        vm.prank(provider);
        escrow.acknowledge(a, r, signature);
        require(escrow.entryOf(id).state == IEscrow.State.Delivered, "still open to a dispute");
        _dispute(a);
        (r, signature) = _receipt(REQUESTER_KEY, id, 2, 310);
        vm.prank(provider);
        escrow.acknowledge(a, r, signature);
        require(escrow.entryOf(id).state == IEscrow.State.Disputed, "still disputed");
        _rule(a, 0, 10_000);
        _ended(a, 310, 0, 50, 0);
    }

    function test_disputeForLess_sharesTheClaimAndNotThePrice() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        _claim(a, 300);
        _dispute(a);
        _rule(a, 5_000, 0);
        _ended(a, 150, 0, 0, 50);
    }

    function test_feeIsRoundedDown_soNoAmountIsAllFee() public {
        Agreement memory a = _agreement(1, 0);
        _open(a);
        _acknowledge(a, 1);
        _eq(_free(COLD), 1, "all of it");
        _eq(_free(TREASURY), 0, "no fee");
        Agreement memory b = _agreement(199, 0);
        _open(b);
        _acknowledge(b, 199);
        _eq(_free(COLD), 1 + 198, "without the fee");
        _eq(_free(TREASURY), 1, "one, not two");
    }

    function _ended(Agreement memory a, uint256 gross, uint256 burned, uint256 slash, uint256 lost) private view {
        _eq(_free(COLD), gross - _fee(gross), "paid");
        _eq(_free(TREASURY), _fee(gross), "fee");
        _eq(_free(escrow.BURNED()), burned, "burned");
        _eq(_free(requester), FUNDS - gross - burned + slash - lost, "requester");
        _eq(_free(provider), FUNDS - slash + lost, "provider");
        _eq(_locked(requester) + _locked(provider), 0, "nothing locked");
        require(escrow.entryOf(escrow.idOf(a)).state == IEscrow.State.Closed, "closed");
    }
}

/// The time between the deadline and the refund.
contract GraceTest is Base {
    /// The audit: receipts died one second after `deliverBy`.
    function test_receiptOneSecondAfterDeliverBy_stillCounts() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        vm.warp(uint256(a.deliverBy) + 1);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, id, a.deliverBy + 1, _graceEnds(a)));
        escrow.refund(a, 0);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 600);
        vm.prank(provider);
        escrow.acknowledge(a, r, signature);
        vm.warp(_graceEnds(a) + 1);
        vm.prank(requester);
        escrow.refund(a, 0);
        _eq(_free(COLD), 600 - _fee(600), "paid");
        _eq(_free(provider), FUNDS, "bond");
    }

    function test_fullReceiptInTheGrace_closes() public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        vm.warp(_graceEnds(a));
        _acknowledge(a, 1000);
        _eq(_free(COLD), 1000 - _fee(1000), "paid");
    }

    function test_refundVersusTheGrace_areComplementsAtTheSecond() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        vm.warp(_graceEnds(a));
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, id, _graceEnds(a), _graceEnds(a)));
        escrow.refund(a, 0);
        vm.warp(_graceEnds(a) + 1);
        vm.prank(provider);
        escrow.refund(a, 0);
        _eq(_free(requester), FUNDS, "all back");
    }

    function test_refund_beyondThePriceIsRefused() public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        vm.warp(_graceEnds(a) + 1);
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountOutOfRange.selector, id, 1001, 0, 1000));
        escrow.refund(a, 1001);
        escrow.refund(a, 1000);
        vm.stopPrank();
        _eq(escrow.entryOf(id).acknowledged, 1000, "recorded");
        _eq(_free(COLD), 1000 - _fee(1000), "paid");
    }

    function test_checkpointDispute_onlyInTheGrace() public {
        Agreement memory a = _agreement(1000, 50);
        bytes32 id = _open(a);
        vm.warp(a.deliverBy);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, id, a.deliverBy, a.deliverBy));
        escrow.dispute(a);
        vm.warp(uint256(a.deliverBy) + 1);
        vm.prank(provider);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotAllowed.selector, id, provider));
        escrow.dispute(a);
        vm.warp(_graceEnds(a));
        _dispute(a);

        Agreement memory b = _agreement(1001, 50);
        id = _open(b);
        vm.warp(_graceEnds(b) + 1);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, id, _graceEnds(b) + 1, _graceEnds(b)));
        escrow.dispute(b);
    }

    /// The audit: a checkpoint of false progress was paid and kept its bond.
    function test_checkpointDispute_aProvenLieTakesTheBondAndNothingMoreIsPaid() public {
        Agreement memory a = _agreement(1000, 50);
        bytes32 id = _open(a);
        _acknowledge(a, 900);
        vm.warp(uint256(a.deliverBy) + 1);
        _dispute(a);
        _rule(a, 0, 10_000);
        require(escrow.entryOf(id).outcome == IEscrow.Outcome.Ruled, "ruled");
        _eq(_free(COLD), 900 - _fee(900), "what was signed for");
        _eq(_free(requester), FUNDS - 900 + 50, "the bond");
        _eq(_free(provider), FUNDS - 50, "lost");
        _eq(_locked(requester) + _locked(provider), 0, "nothing locked");
    }

    function test_checkpointDispute_aFalseAccusationCostsTheDisputeBond() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _acknowledge(a, 900);
        vm.warp(uint256(a.deliverBy) + 1);
        _dispute(a);
        _rule(a, 10_000, 0);
        _eq(_free(COLD), 900 - _fee(900), "no more than what was signed for: nothing was delivered");
        _eq(_free(provider), uint256(FUNDS) + 100, "the dispute bond");
        _eq(_free(requester), FUNDS - 900 - 100, "rest");
    }

    /// Receipts that the provider held back still count in the dispute, and none of them ends it.
    function test_checkpointDispute_oldReceiptsCountAndDoNotEndIt() public {
        Agreement memory a = _agreement(1000, 50);
        bytes32 id = _open(a);
        vm.warp(uint256(a.deliverBy) + 1);
        _dispute(a);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 900);
        vm.prank(provider);
        escrow.acknowledge(a, r, signature);
        require(escrow.entryOf(id).state == IEscrow.State.Disputed, "disputed");
        (r, signature) = _receipt(REQUESTER_KEY, id, 2, 910);
        vm.prank(requester);
        escrow.acknowledge(a, r, signature);
        require(escrow.entryOf(id).state == IEscrow.State.Disputed, "nor does the requester below the price");
        _rule(a, 0, 10_000);
        _eq(_free(COLD), 910 - _fee(910), "what was signed for");
        _eq(_free(provider), FUNDS - 50, "lost");
    }

    function test_checkpointDispute_silenceBurnsNothing() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _acknowledge(a, 400);
        vm.warp(uint256(a.deliverBy) + 1);
        _dispute(a);
        vm.warp(block.timestamp + a.arbitrationWindow + 1);
        escrow.split(a);
        _eq(_free(escrow.BURNED()), 0, "nothing was claimed");
        _eq(_free(COLD), 400 - _fee(400), "acknowledged");
        _eq(_free(requester), FUNDS - 400, "rest");
        _eq(_free(provider), FUNDS, "bond");
    }

    function test_checkpointDispute_nobodyRefundsReleasesOrDeliversUnderIt() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        vm.warp(uint256(a.deliverBy) + 1);
        _dispute(a);
        vm.warp(block.timestamp + 500);
        vm.prank(requester);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.refund(a, 0);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.release(a);
        vm.prank(provider);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.deliver(a, keccak256("x"), 1000);
    }
}

/// What a dispute costs whom.
contract DisputesTest is Base {
    /// The audit: with bond 0 disputing was free.
    function test_bondOfZero_disputingStillCostsATenth() public {
        Agreement memory a = _agreement(1000, 0);
        _open(a);
        _deliver(a);
        _dispute(a);
        _eq(_locked(requester), 1100, "locked at the opening already");
        _rule(a, 10_000, 0);
        _eq(_free(provider), uint256(FUNDS) + 100, "the dispute bond");
        _eq(_free(requester), FUNDS - 1000 - 100, "lost");
        _eq(_free(COLD), 1000 - _fee(1000), "paid");
    }

    function test_disputing_needsNoFreeBalance() public {
        Agreement memory a = _agreement(1000, 200);
        _open(a);
        vm.prank(requester);
        vault.withdraw(FUNDS - 1200, requester);
        _deliver(a);
        _dispute(a);
        _eq(_locked(requester), 1200, "as before");
    }

    /// The audit: a ruling of 9,999 of 10,000 returned the dispute bond whole.
    function test_rulingOf9999_returnsAllButOneInTenThousandOfTheDisputeBondToNobodyButTheProvider() public {
        Agreement memory a = _agreement(100_000, 10_000);
        _open(a);
        _deliver(a);
        _dispute(a);
        _rule(a, 9_999, 0);
        _eq(_free(COLD), 99_990 - _fee(99_990), "paid");
        _eq(_free(provider), uint256(FUNDS) + 9_999, "its share of the dispute bond");
        _eq(_free(requester), FUNDS - 99_990 - 9_999, "rest");
        _eq(_locked(requester) + _locked(provider), 0, "nothing locked");
    }

    function test_rulingForTheRequester_returnsItsDisputeBond() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _deliver(a);
        _dispute(a);
        _rule(a, 0, 4_000);
        _eq(_free(requester), FUNDS + 20, "price, dispute bond and slash");
        _eq(_free(provider), FUNDS - 20, "slashed");
    }

    /// The audit: garbage earned the split while nobody ruled; and disputing must not pay either, nor silence the arbiter.
    function test_silentArbiter_gainsNobodyAnything() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _acknowledge(a, 300);
        _deliver(a);
        _dispute(a);
        vm.warp(block.timestamp + a.arbitrationWindow + 1);
        vm.prank(STRANGER);
        escrow.split(a);
        _eq(_free(COLD), 300 - _fee(300), "only what was acknowledged");
        _eq(_free(TREASURY), _fee(300), "only its fee");
        _eq(_free(requester), FUNDS - 1000, "nothing of the price comes back");
        _eq(_free(provider), FUNDS, "bond");
        _eq(_free(arbiter), 0, "nothing");
        _eq(_free(escrow.BURNED()), 700, "nobody has it");
        _eq(_locked(requester) + _locked(provider), 0, "nothing locked");
    }

    function test_silentArbiter_burnsTheClaimAndNotThePrice() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _claim(a, 400);
        _dispute(a);
        _acknowledge(a, 100);
        vm.warp(block.timestamp + a.arbitrationWindow + 1);
        escrow.split(a);
        _eq(_free(escrow.BURNED()), 300, "claim less acknowledged");
        _eq(_free(COLD), 100 - _fee(100), "acknowledged");
        _eq(_free(requester), FUNDS - 400, "the rest of the price");
    }

    function test_silentArbiter_burnsNothingOfAClaimThatIsAcknowledged() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _claim(a, 400);
        _dispute(a);
        _acknowledge(a, 450);
        vm.warp(block.timestamp + a.arbitrationWindow + 1);
        escrow.split(a);
        _eq(_free(escrow.BURNED()), 0, "nothing");
        _eq(_free(COLD), 450 - _fee(450), "acknowledged");
    }

    function test_aDisputeEndsByConsent() public {
        Agreement memory a = _agreement(1000, 50);
        bytes32 id = _open(a);
        _deliver(a);
        _dispute(a);
        (Release memory r, bytes memory consent) = _release(REQUESTER_KEY, id, 250);
        vm.prank(provider);
        escrow.cancel(a, r, "", consent);
        _eq(_free(COLD), 250 - _fee(250), "agreed");
        _eq(_free(requester), FUNDS - 250, "rest and dispute bond");
        _eq(_free(escrow.BURNED()), 0, "nothing burned");
    }

    function test_aDisputeEndsByConcession() public {
        Agreement memory a = _agreement(1000, 50);
        bytes32 id = _open(a);
        _claim(a, 600);
        _dispute(a);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, 600);
        vm.prank(requester);
        escrow.acknowledge(a, r, signature);
        require(escrow.entryOf(id).outcome == IEscrow.Outcome.Accepted, "accepted");
        _eq(_free(COLD), 600 - _fee(600), "paid");
        _eq(_free(requester), FUNDS - 600, "dispute bond back");
        _eq(_free(provider), FUNDS, "bond back");
    }

    function test_rulingsOutsideTheirBoundsAreRefused() public {
        Agreement memory a = _agreement(1000, 50);
        bytes32 id = _open(a);
        _deliver(a);
        vm.prank(arbiter);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.rule(a, 0, 0);
        _dispute(a);
        vm.startPrank(arbiter);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadBps.selector, 10_001));
        escrow.rule(a, 10_001, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadBps.selector, 10_002));
        escrow.rule(a, 0, 10_002);
        vm.warp(block.timestamp + a.arbitrationWindow);
        escrow.rule(a, 10_000, 10_000);
        vm.stopPrank();
        require(escrow.entryOf(id).disputedAt == block.timestamp - a.arbitrationWindow, "disputed at");
        _eq(_free(provider), uint256(FUNDS) + 100 - 50, "both bonds");
    }
}

/// What the events tell: the program keeps its books by them.
contract EventsTest is Base {
    bytes32 private constant CLOSED = keccak256("Closed(bytes32,uint8,uint128,uint128,uint128,uint128)");
    bytes32 private constant LOST = keccak256("DisputeBondLost(bytes32,uint128)");
    bytes32 private constant BURNT = keccak256("Burned(bytes32,uint128)");

    function test_events_ofAnOpeningAndADelivery() public {
        Agreement memory a = _agreement(1000, 50);
        vm.recordLogs();
        bytes32 id = _open(a);
        _claim(a, 300);
        _acknowledge(a, 100);
        _dispute(a);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _eq(logs.length, 4, "four");
        require(logs[0].topics[0] == keccak256("Opened(bytes32,address,address,bytes32,uint32,uint32,uint128,uint128)"));
        require(logs[0].topics[1] == id && logs[0].topics[2] == bytes32(uint256(uint160(requester))), "whose");
        require(logs[0].topics[3] == bytes32(uint256(uint160(provider))), "with whom");
        require(keccak256(logs[0].data) == keccak256(abi.encode(a.jobId, 0, 1, 1000, 50)), "what");
        require(logs[1].topics[0] == keccak256("Delivered(bytes32,bytes32,uint128,uint256)"), "delivered");
        bytes memory delivered = abi.encode(keccak256("result"), 300, block.timestamp + 300);
        require(logs[1].topics[1] == id && keccak256(logs[1].data) == keccak256(delivered), "claim and window");
        require(logs[2].topics[0] == keccak256("Acknowledged(bytes32,uint128,uint32,bytes32)"), "acknowledged");
        require(keccak256(logs[2].data) == keccak256(abi.encode(100, 1, keccak256("digest"))), "amount");
        require(logs[3].topics[0] == keccak256("Disputed(bytes32,uint256)"), "disputed");
        require(keccak256(logs[3].data) == keccak256(abi.encode(block.timestamp + 900)), "until");
    }

    function test_events_ofAnAcceptance_tellPayFeeAndNothingElse() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _claim(a, 300);
        vm.warp(block.timestamp + a.challengeWindow + 1);
        vm.recordLogs();
        escrow.release(a);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _eq(logs.length, 1, "closed alone");
        _closed(logs[0], abi.encode(IEscrow.Outcome.Released, 297, 3, 700, 0));
    }

    function test_events_ofARuling_tellWhatOfBothBondsWasLost() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _deliver(a);
        _dispute(a);
        vm.recordLogs();
        _rule(a, 100, 2_000);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _eq(logs.length, 2, "lost and closed");
        require(logs[0].topics[0] == LOST && keccak256(logs[0].data) == keccak256(abi.encode(1)), "lost");
        _closed(logs[1], abi.encode(IEscrow.Outcome.Ruled, 10, 0, 990, 10));
    }

    function test_events_ofARulingForTheRequester_tellOfNoLoss() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _deliver(a);
        _dispute(a);
        vm.recordLogs();
        _rule(a, 0, 0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _eq(logs.length, 1, "closed alone");
        _closed(logs[0], abi.encode(IEscrow.Outcome.Ruled, 0, 0, 1000, 0));
    }

    function test_events_ofSilence_tellWhatNobodyHas() public {
        Agreement memory a = _agreement(1000, 50);
        _open(a);
        _claim(a, 1);
        _dispute(a);
        vm.warp(block.timestamp + a.arbitrationWindow + 1);
        vm.recordLogs();
        escrow.split(a);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _eq(logs.length, 2, "burned and closed");
        require(logs[0].topics[0] == BURNT && keccak256(logs[0].data) == keccak256(abi.encode(1)), "burned");
        _closed(logs[1], abi.encode(IEscrow.Outcome.Split, 0, 0, 999, 0));
    }

    function _closed(Vm.Log memory log, bytes memory wanted) private view {
        require(log.topics[0] == CLOSED && log.emitter == address(escrow), "closed");
        require(keccak256(log.data) == keccak256(wanted), "amounts");
    }
}
