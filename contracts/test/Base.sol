// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Agreement, AgreementLib, Receipt, Release} from "../src/AgreementLib.sol";
import {Escrow} from "../src/Escrow.sol";
import {Registry} from "../src/Registry.sol";
import {IVault} from "../src/interfaces/IVault.sol";
import {ShoalToken} from "../src/ShoalToken.sol";
import {Vault} from "../src/Vault.sol";

/// What the tests use of forge's cheat codes.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function prank(address) external;
    function startPrank(address) external;
    function stopPrank() external;
    function addr(uint256) external returns (address);
    function sign(uint256, bytes32) external returns (uint8, bytes32, bytes32);
    function warp(uint256) external;
    function chainId(uint256) external;
    function expectRevert() external;
    function expectPartialRevert(bytes4) external;
    function expectRevert(bytes calldata) external;
    function etch(address, bytes calldata) external;
    function signAndAttachDelegation(address, uint256) external;
}

/// Deploys in a call of its own, so that a constructor's refusal is one of a call.
contract Maker {
    function vault(IERC20 token_) external returns (Vault) {
        return new Vault(token_);
    }

    function registry(IVault vault_, uint64 delay) external returns (Registry) {
        return new Registry(vault_, delay);
    }

    function escrow(IVault vault_, address registry_, address treasury, uint256 feeBps) external returns (Escrow) {
        return new Escrow(vault_, registry_, treasury, feeBps);
    }
}

/// The contracts, three funded parties, and agreements signed by both.
abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant REQUESTER_KEY = 0xA11CE;
    uint256 internal constant PROVIDER_KEY = 0xB0B;
    uint256 internal constant ARBITER_KEY = 0xA2B;
    uint256 internal constant FEE_BPS = 100;
    uint128 internal constant FUNDS = 1_000_000 ether;
    address internal constant TREASURY = address(0x7EA);
    address internal constant COLD = address(0xC01D);
    address internal constant STRANGER = address(0x57A);

    ShoalToken internal token;
    Vault internal vault;
    Escrow internal escrow;
    Registry internal registry;
    address internal requester;
    address internal provider;
    address internal arbiter;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        token = new ShoalToken(address(this), 1_000_000_000 ether);
        vault = new Vault(token);
        registry = new Registry(vault, 1 days);
        escrow = new Escrow(vault, address(registry), TREASURY, FEE_BPS);
        vault.seal(address(escrow), address(registry));
        requester = vm.addr(REQUESTER_KEY);
        provider = vm.addr(PROVIDER_KEY);
        arbiter = vm.addr(ARBITER_KEY);
        _fund(requester);
        _fund(provider);
    }

    function _fund(address who) internal {
        require(token.transfer(who, FUNDS));
        vm.startPrank(who);
        token.approve(address(vault), FUNDS);
        vault.deposit(FUNDS);
        vm.stopPrank();
    }

    function _agreement(uint128 price, uint128 bond) internal view returns (Agreement memory) {
        return Agreement({
            jobId: keccak256("job"),
            shard: 0,
            attempt: 1,
            requester: requester,
            provider: provider,
            beneficiary: COLD,
            arbiter: arbiter,
            price: price,
            bond: bond,
            specHash: keccak256("spec"),
            bidRoot: keccak256("bids"),
            openBy: uint64(block.timestamp + 60),
            deliverBy: uint64(block.timestamp + 600),
            challengeWindow: 300,
            arbitrationWindow: 900,
            splitBps: 0,
            salt: keccak256(abi.encode(price, bond, block.timestamp))
        });
    }

    function _sign(uint256 key, bytes32 digest) internal returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _open(Agreement memory a) internal returns (bytes32 id) {
        id = escrow.idOf(a);
        bytes memory p = _sign(PROVIDER_KEY, id);
        vm.prank(a.requester);
        require(escrow.open(a, p) == id, "id");
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        (, string memory name, string memory version, uint256 chain, address verifier,,) = escrow.eip712Domain();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                chain,
                verifier
            )
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }

    function _receipt(uint256 key, bytes32 id, uint32 sequence, uint128 amount)
        internal
        returns (Receipt memory r, bytes memory signature)
    {
        r = Receipt(id, sequence, keccak256("digest"), amount);
        signature = _sign(key, _digest(keccak256(abi.encode(AgreementLib.RECEIPT_TYPEHASH, r))));
    }

    function _release(uint256 key, bytes32 id, uint128 amount)
        internal
        returns (Release memory r, bytes memory signature)
    {
        r = Release(id, amount);
        signature = _sign(key, _digest(keccak256(abi.encode(AgreementLib.RELEASE_TYPEHASH, r))));
    }

    function _acknowledge(Agreement memory a, uint128 amount) internal {
        bytes32 id = escrow.idOf(a);
        (Receipt memory r, bytes memory signature) = _receipt(REQUESTER_KEY, id, 1, amount);
        escrow.acknowledge(a, r, signature);
    }

    function _deliver(Agreement memory a) internal {
        _claim(a, a.price);
    }

    function _claim(Agreement memory a, uint128 amount) internal {
        vm.prank(a.provider);
        escrow.deliver(a, keccak256("result"), amount);
    }

    function _dispute(Agreement memory a) internal {
        vm.prank(a.requester);
        escrow.dispute(a);
    }

    function _rule(Agreement memory a, uint256 bps, uint256 slash) internal {
        vm.prank(arbiter);
        escrow.rule(a, bps, slash);
    }

    /// The dispute bond, worked out in another way than the contract does.
    function _posted(Agreement memory a) internal pure returns (uint256) {
        uint256 tenth = (uint256(a.price) + 9) / 10;
        return a.bond > tenth ? a.bond : tenth;
    }

    /// The last second in which nothing can be refunded.
    function _graceEnds(Agreement memory a) internal pure returns (uint256) {
        return uint256(a.deliverBy) + a.challengeWindow;
    }

    function _free(address who) internal view returns (uint256) {
        return vault.balanceOf(who).free;
    }

    function _locked(address who) internal view returns (uint256) {
        return vault.balanceOf(who).locked;
    }

    function _fee(uint256 gross) internal pure returns (uint256) {
        return gross * FEE_BPS / 10_000;
    }

    function _eq(uint256 actual, uint256 wanted, string memory what) internal pure {
        require(actual == wanted, what);
    }
}
