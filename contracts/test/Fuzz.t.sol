// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Agreement, Receipt} from "../src/AgreementLib.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {Base} from "./Base.sol";

/// Any price, bond, share: the price goes exactly into pay, fee and refund; rounding never favours the claimer.
contract FuzzTest is Base {
    function testFuzz_accept(uint128 price, uint128 bond) public {
        (price, bond) = _bounded(price, bond);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        _acknowledge(a, price);
        _settled(a, price, 0);
    }

    function testFuzz_refund(uint128 price, uint128 bond, uint128 part, uint128 raised) public {
        (price, bond) = _bounded(price, bond);
        part = part % price;
        raised = raised % (price + 1);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        if (part > 0) _acknowledge(a, part);
        vm.warp(uint256(a.deliverBy) + 1);
        vm.prank(requester);
        escrow.refund(a, raised);
        _settled(a, raised > part ? raised : part, 0);
    }

    function testFuzz_rule(uint128 price, uint128 bond, uint128 part, uint256 bps, uint256 slashBps) public {
        (price, bond) = _bounded(price, bond);
        (part, bps, slashBps) = (part % price, bps % 10_001, slashBps % 10_001);
        Agreement memory a = _agreement(price, bond);
        _open(a);
        if (part > 0) _acknowledge(a, part);
        _deliver(a);
        _dispute(a);
        vm.prank(arbiter);
        escrow.rule(a, bps, slashBps);
        uint256 share = (uint256(price) * bps) / 10_000;
        uint256 gross = share > part ? share : part;
        uint256 slash = (uint256(bond) * slashBps) / 10_000;
        if (bps == 10_000) {
            _eq(_free(provider), FUNDS - slash + bond, "dispute bond");
            _eq(_free(requester), FUNDS - price - bond + slash, "requester");
        } else {
            _settled(a, gross, slash);
        }
    }

    function testFuzz_split(uint128 price, uint128 bond, uint16 splitBps) public {
        (price, bond) = _bounded(price, bond);
        Agreement memory a = _agreement(price, bond);
        a.splitBps = splitBps % 10_001;
        _open(a);
        _deliver(a);
        _dispute(a);
        vm.warp(block.timestamp + a.arbitrationWindow + 1);
        escrow.split(a);
        _settled(a, (uint256(price) * a.splitBps) / 10_000, 0);
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
        escrow.deliver(a, keccak256("x"));
    }

    function _bounded(uint128 price, uint128 bond) private pure returns (uint128, uint128) {
        return (price % (FUNDS / 2) + 1, bond % (FUNDS / 2));
    }

    /// Balances after an end in which `gross` of the price was earned and `slash` of the bond lost.
    function _settled(Agreement memory a, uint256 gross, uint256 slash) private view {
        uint256 fee = _fee(gross);
        _eq(_free(COLD), gross - fee, "paid");
        _eq(_free(TREASURY), fee, "fee");
        _eq(_free(requester), FUNDS - gross + slash, "requester");
        _eq(_free(provider), FUNDS - slash, "provider");
        _eq(_locked(requester) + _locked(provider), 0, "nothing locked");
        require(escrow.entryOf(escrow.idOf(a)).state == IEscrow.State.Closed, "closed");
    }
}
