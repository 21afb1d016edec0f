// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Agreement, Receipt} from "../src/AgreementLib.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Base} from "./Base.sol";

/// Any price, bond, claim, share: the price goes exactly into pay, fee, refund and what nobody gets.
contract FuzzTest is Base {
    function testFuzz_accept(uint128 price, uint128 bond) public {
        (price, bond) = _bounded(price, bond);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        _acknowledge(a, price);
        _settled(a, Ended(price, 0, 0, 0));
    }

    function testFuzz_refund(uint128 price, uint128 bond, uint128 part, uint128 raised) public {
        (price, bond) = _bounded(price, bond);
        part = part % price;
        raised = raised % (price + 1);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        if (part > 0) _acknowledge(a, part);
        vm.warp(_graceEnds(a) + 1);
        vm.prank(requester);
        escrow.refund(a, raised);
        _settled(a, Ended(raised > part ? raised : part, 0, 0, 0));
    }

    function testFuzz_claim(uint128 price, uint128 bond, uint128 claim, uint128 part) public {
        (price, bond) = _bounded(price, bond);
        (claim, part) = (claim % price + 1, part % price);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        _claim(a, claim);
        if (part > 0) _acknowledge(a, part);
        vm.warp(block.timestamp + a.challengeWindow + 1);
        escrow.release(a);
        _settled(a, Ended(claim > part ? claim : part, 0, 0, 0));
    }

    function testFuzz_rule(uint128 price, uint128 bond, uint128 claim, uint128 part, uint256 bps, uint256 slashBps)
        public
    {
        (price, bond) = _bounded(price, bond);
        (claim, part, bps, slashBps) = (claim % price + 1, part % price, bps % 10_001, slashBps % 10_001);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        _claim(a, claim);
        if (part > 0) _acknowledge(a, part);
        _dispute(a);
        _rule(a, bps, slashBps);
        uint256 share = (uint256(claim) * bps) / 10_000;
        uint256 lost = _posted(a) * bps / 10_000;
        _settled(a, Ended(share > part ? share : part, 0, (uint256(bond) * slashBps) / 10_000, lost));
    }

    function testFuzz_checkpointDispute(uint128 price, uint128 bond, uint128 part, uint256 bps, uint256 slashBps) public {
        (price, bond) = _bounded(price, bond);
        (part, bps, slashBps) = (part % price, bps % 10_001, slashBps % 10_001);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        vm.warp(uint256(a.deliverBy) + 1);
        _dispute(a);
        if (part > 0) _acknowledge(a, part);
        _rule(a, bps, slashBps);
        _settled(a, Ended(part, 0, (uint256(bond) * slashBps) / 10_000, _posted(a) * bps / 10_000));
    }

    function testFuzz_silence(uint128 price, uint128 bond, uint128 claim, uint128 part) public {
        (price, bond) = _bounded(price, bond);
        (claim, part) = (claim % price + 1, part % price);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        _claim(a, claim);
        _dispute(a);
        if (part > 0) _acknowledge(a, part);
        vm.warp(block.timestamp + a.arbitrationWindow + 1);
        escrow.split(a);
        _settled(a, Ended(part, claim > part ? claim - part : 0, 0, 0));
    }

    /// In any order of amounts and days no more than the limit leaves on one day.
    function testFuzz_guard(uint128 limit, uint128[6] memory amounts, uint32[6] memory waits) public {
        limit = limit % FUNDS;
        vm.prank(requester);
        vault.protect(COLD, limit);
        uint256 day;
        uint256 gone;
        for (uint256 i = 0; i < amounts.length; i++) {
            vm.warp(block.timestamp + waits[i] % 2 days);
            if (block.timestamp / 1 days != day) (day, gone) = (block.timestamp / 1 days, 0);
            uint256 amount = amounts[i] % (FUNDS / 6) + 1;
            _eq(vault.guardOf(requester).left, limit - gone, "left");
            vm.prank(requester);
            if (gone + amount > limit) vm.expectPartialRevert(IVault.AboveLimit.selector);
            else gone += amount;
            vault.withdraw(amount, STRANGER);
        }
    }

    /// Receipts in any order: only a higher amount counts.
    function testFuzz_receiptsAreMonotone(uint128[8] memory amounts) public {
        Agreement memory a = _agreement(1000, 10);
        bytes32 id = _open(a);
        uint128 highest;
        for (uint32 i = 0; i < amounts.length; i++) {
            uint128 amount = amounts[i] % 999 + 1;
            (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, i, amount);
            if (amount <= highest) vm.expectPartialRevert(IEscrow.AmountOutOfRange.selector);
            escrow.acknowledge(a, r, signature);
            if (amount > highest) highest = amount;
            _eq(escrow.entryOf(id).acknowledged, highest, "highest");
        }
    }

    /// Changing any signed member gives another id, which is not open.
    function testFuzz_changedTermsAreAnotherAgreement(uint128 price, bytes32 salt) public {
        Agreement memory a = _agreement(1000, 10);
        _open(a);
        if (price == a.price && salt == a.salt) return;
        (a.price, a.salt) = (price, salt);
        vm.prank(provider);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.deliver(a, keccak256("x"), price);
    }

    function _bounded(uint128 price, uint128 bond) private pure returns (uint128, uint128) {
        return (price % (FUNDS / 2) + 1, bond % (FUNDS / 2));
    }

    struct Ended {
        uint256 gross;
        uint256 burned;
        uint256 slashed;
        uint256 lost;
    }

    /// Balances after an end: paid, fee, refunded and burned are the price, both bonds are accounted for, nothing stays locked.
    function _settled(Agreement memory a, Ended memory end) private view {
        uint256 fee = _fee(end.gross);
        require(fee == 0 || fee < end.gross, "all fee");
        _eq(_free(COLD), end.gross - fee, "paid");
        _eq(_free(TREASURY), fee, "fee");
        _eq(_free(escrow.BURNED()), end.burned, "burned");
        _eq(_free(requester), FUNDS - end.gross - end.burned + end.slashed - end.lost, "requester");
        _eq(_free(provider), FUNDS - end.slashed + end.lost, "provider");
        _eq(_locked(requester) + _locked(provider), 0, "nothing locked");
        require(escrow.entryOf(escrow.idOf(a)).state == IEscrow.State.Closed, "closed");
    }
}
