// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Agreement, Receipt, Release} from "../src/AgreementLib.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {Base} from "./Base.sol";

/// Random but valid actions of two sides, an arbiter and time, over many agreements at once.
contract Handler is Base {
    Agreement[] internal agreements;
    /// What the handler itself knows of each agreement.
    mapping(bytes32 id => uint128) public acknowledged;
    mapping(bytes32 id => uint256) public closedTimes;
    uint256 public deposited;
    uint256 public withdrawn;
    /// What left the guarded owner's account by its key alone, and on which day (UTC).
    uint256 public left;
    uint256 public day;
    uint256 private _nonce;

    uint128 private constant LIMIT = 1000 ether;

    constructor() {
        Base.setUp();
        deposited = uint256(FUNDS) * 2;
        vm.prank(provider);
        vault.protect(COLD, LIMIT);
    }

    function setUp() public override {}

    function count() external view returns (uint256) {
        return agreements.length;
    }

    function get(uint256 i) external view returns (Agreement memory) {
        return agreements[i];
    }

    function parts() external view returns (address[6] memory all, address vault_, address token_, address escrow_) {
        all = [requester, provider, arbiter, COLD, TREASURY, escrow.BURNED()];
        return (all, address(vault), address(token), address(escrow));
    }

    function open(uint128 price, uint128 bond, bool swap) external {
        (price, bond) = (price % 1000 ether + 1, bond % 100 ether);
        (address pays, address works) = swap ? (provider, requester) : (requester, provider);
        Agreement memory a = _agreement(price, bond);
        if (_free(pays) < price + _posted(a) || _free(works) < bond) return;
        (a.requester, a.provider, a.salt) = (pays, works, bytes32(++_nonce));
        bytes32 id = escrow.idOf(a);
        bytes memory p = _sign(_keyOf(works), id);
        vm.prank(pays);
        escrow.open(a, p);
        agreements.push(a);
    }

    function acknowledge(uint256 seed, uint128 amount, bool byRequester) external {
        (bool ok, Agreement memory a, bytes32 id, IEscrow.Entry memory e) = _pick(seed);
        if (!ok || e.state == IEscrow.State.Closed || e.acknowledged == a.price) return;
        amount = e.acknowledged + 1 + amount % (a.price - e.acknowledged);
        (Receipt memory r, bytes memory signature) = _receipt(_keyOf(a.requester), id, 1, amount);
        vm.prank(byRequester ? a.requester : a.provider);
        escrow.acknowledge(a, r, signature);
        acknowledged[id] = amount;
        bool conceded = byRequester && e.deliveredAt > 0 && amount >= _claimed(a, id);
        if (amount == a.price || conceded) closedTimes[id]++;
    }

    function deliver(uint256 seed, uint128 amount, bool whole) external {
        (bool ok, Agreement memory a,, IEscrow.Entry memory e) = _pick(seed);
        if (!ok || e.state != IEscrow.State.Open || block.timestamp > a.deliverBy) return;
        _claim(a, whole ? a.price : e.acknowledged + 1 + amount % (a.price - e.acknowledged));
    }

    function dispute(uint256 seed) external {
        (bool ok, Agreement memory a,, IEscrow.Entry memory e) = _pick(seed);
        if (!ok) return;
        bool delivered = e.state == IEscrow.State.Delivered;
        if (!delivered && (e.state != IEscrow.State.Open || block.timestamp <= a.deliverBy)) return;
        if (block.timestamp > uint256(delivered ? e.deliveredAt : a.deliverBy) + a.challengeWindow) return;
        _dispute(a);
    }

    function rule(uint256 seed, uint256 bps, uint256 slash) external {
        (bool ok, Agreement memory a, bytes32 id, IEscrow.Entry memory e) = _pick(seed);
        if (!ok || e.state != IEscrow.State.Disputed) return;
        if (block.timestamp > uint256(e.disputedAt) + a.arbitrationWindow) return;
        vm.prank(arbiter);
        escrow.rule(a, bps % 10_001, slash % 10_001);
        closedTimes[id]++;
    }

    function cancel(uint256 seed, uint128 amount) external {
        (bool ok, Agreement memory a, bytes32 id, IEscrow.Entry memory e) = _pick(seed);
        if (!ok || e.state != IEscrow.State.Open) return;
        amount = e.acknowledged + amount % (a.price - e.acknowledged + 1);
        (Release memory r, bytes memory consent) = _release(_keyOf(a.provider), id, amount);
        vm.prank(a.requester);
        escrow.cancel(a, r, consent, "");
        closedTimes[id]++;
    }

    /// Ends what time has made endable, by whoever may do it alone.
    function endAlone(uint256 seed) external {
        (bool ok, Agreement memory a, bytes32 id, IEscrow.Entry memory e) = _pick(seed);
        if (ok && _endAlone(a, e)) closedTimes[id]++;
    }

    /// Every way to pay again must fail, whatever happened before.
    function tryAgain(uint256 seed) external {
        (bool ok, Agreement memory a, bytes32 id, IEscrow.Entry memory e) = _pick(seed);
        if (!ok || e.state != IEscrow.State.Closed) return;
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.release(a);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.split(a);
        vm.prank(a.requester);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.refund(a, 0);
        (Receipt memory r, bytes memory signature) = _receipt(_keyOf(a.requester), id, 9, a.price);
        vm.expectPartialRevert(IEscrow.WrongState.selector);
        escrow.acknowledge(a, r, signature);
    }

    function stake(uint128 amount, bool out) external {
        vm.startPrank(provider);
        if (!out && _free(provider) > 0) registry.stake(uint128(amount % _free(provider)) + 1);
        else if (out && registry.stakeOf(provider).active > 0) {
            registry.unstake(amount % registry.stakeOf(provider).active + 1);
        }
        vm.stopPrank();
    }

    function claim() external {
        if (registry.stakeOf(provider).unbonding == 0 || block.timestamp < registry.stakeOf(provider).claimableAt) return;
        vm.prank(provider);
        registry.claim();
    }

    function withdraw(uint256 amount, bool swap) external {
        address who = swap ? requester : COLD;
        if (_free(who) == 0) return;
        amount = amount % _free(who) + 1;
        vm.prank(who);
        vault.withdraw(amount, who);
        withdrawn += amount;
    }

    /// The guarded owner's key takes what it can.
    function leak(uint256 amount, bool home) external {
        if (_free(provider) == 0) return;
        amount = amount % _free(provider) + 1;
        if (block.timestamp / 1 days != day) (day, left) = (block.timestamp / 1 days, 0);
        bool above = !home && left + amount > LIMIT;
        vm.prank(provider);
        if (above) vm.expectPartialRevert(IVault.AboveLimit.selector);
        vault.withdraw(amount, home ? COLD : STRANGER);
        if (above) return;
        withdrawn += amount;
        if (!home) left += amount;
    }

    function deposit(uint256 amount) external {
        amount = amount % 1000 ether + 1;
        require(token.transfer(requester, amount));
        vm.startPrank(requester);
        token.approve(address(vault), amount);
        vault.deposit(amount);
        vm.stopPrank();
        deposited += amount;
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + time % 600);
    }

    /// After all time has passed each agreement that is not closed ends by one call of one party.
    function endAll() external {
        for (uint256 i = 0; i < agreements.length; i++) {
            Agreement memory a = agreements[i];
            bytes32 id = escrow.idOf(a);
            IEscrow.Entry memory e = escrow.entryOf(id);
            if (e.state == IEscrow.State.Closed) continue;
            vm.warp(block.timestamp + 2000);
            require(_endAlone(a, e), "cannot be ended");
            require(escrow.entryOf(id).state == IEscrow.State.Closed, "not closed");
        }
        _eq(_locked(requester) + _locked(provider), 0, "money is stuck");
    }

    function _endAlone(Agreement memory a, IEscrow.Entry memory e) private returns (bool) {
        if (e.state == IEscrow.State.Open && block.timestamp > _graceEnds(a)) {
            vm.prank(block.timestamp % 2 == 0 ? a.requester : a.provider);
            escrow.refund(a, 0);
        } else if (e.state == IEscrow.State.Delivered && block.timestamp > uint256(e.deliveredAt) + a.challengeWindow) {
            vm.prank(STRANGER);
            escrow.release(a);
        } else if (e.state == IEscrow.State.Disputed && block.timestamp > uint256(e.disputedAt) + a.arbitrationWindow) {
            vm.prank(STRANGER);
            escrow.split(a);
        } else {
            return false;
        }
        return true;
    }

    function _pick(uint256 seed)
        private
        view
        returns (bool ok, Agreement memory a, bytes32 id, IEscrow.Entry memory e)
    {
        if (agreements.length == 0) return (ok, a, id, e);
        a = agreements[seed % agreements.length];
        id = escrow.idOf(a);
        return (true, a, id, escrow.entryOf(id));
    }

    function _claimed(Agreement memory a, bytes32 id) private view returns (uint128) {
        uint128 less = escrow.claimOf(id);
        return less == 0 ? a.price : less;
    }

    function _keyOf(address who) private view returns (uint256) {
        return who == requester ? REQUESTER_KEY : PROVIDER_KEY;
    }
}

contract InvariantsTest is Base {
    Handler internal handler;

    struct Selector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public override {
        handler = new Handler();
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    function targetSelectors() external view returns (Selector[] memory list) {
        bytes4[] memory s = new bytes4[](14);
        s[0] = Handler.open.selector;
        s[1] = Handler.acknowledge.selector;
        s[2] = Handler.deliver.selector;
        s[3] = Handler.dispute.selector;
        s[4] = Handler.rule.selector;
        s[5] = Handler.cancel.selector;
        s[6] = Handler.endAlone.selector;
        s[7] = Handler.tryAgain.selector;
        s[8] = Handler.stake.selector;
        s[9] = Handler.claim.selector;
        s[10] = Handler.withdraw.selector;
        s[11] = Handler.deposit.selector;
        s[12] = Handler.pass.selector;
        s[13] = Handler.leak.selector;
        list = new Selector[](1);
        list[0] = Selector(address(handler), s);
    }

    /// Solvency: the vault holds exactly the sum of all balances. Conservation: that sum is what came in less what went out.
    function invariant_solvencyAndConservation() public view {
        (address[6] memory all, address v, address t,) = handler.parts();
        uint256 sum;
        for (uint256 i = 0; i < all.length; i++) {
            IVault.Balance memory b = IVault(v).balanceOf(all[i]);
            sum += uint256(b.free) + b.locked + b.staked;
        }
        (bool ok, bytes memory held) = t.staticcall(abi.encodeWithSignature("balanceOf(address)", v));
        require(ok && abi.decode(held, (uint256)) == sum, "insolvent");
        require(sum == handler.deposited() - handler.withdrawn(), "not conserved");
    }

    /// Locked money is exactly what agreements that are not closed hold, whatever state they are in: nothing is paid twice, nothing leaks.
    function invariant_lockedIsWhatOpenAgreementsHold() public view {
        (address[6] memory all, address v,, address e) = handler.parts();
        uint256 wanted;
        for (uint256 i = 0; i < handler.count(); i++) {
            Agreement memory a = handler.get(i);
            bytes32 id = IEscrow(e).idOf(a);
            IEscrow.Entry memory entry = IEscrow(e).entryOf(id);
            require(handler.closedTimes(id) == (entry.state == IEscrow.State.Closed ? 1 : 0), "closed twice");
            require(entry.acknowledged == handler.acknowledged(id), "receipts are not monotone");
            if (entry.state == IEscrow.State.Closed) continue;
            wanted += uint256(a.price) + a.bond + _posted(a);
        }
        uint256 locked;
        for (uint256 i = 0; i < all.length; i++) locked += IVault(v).balanceOf(all[i]).locked;
        require(locked == wanted, "locked");
    }

    /// From whatever state was reached, every job can be ended by one party alone once time has passed.
    function afterInvariant() public {
        handler.endAll();
    }
}
