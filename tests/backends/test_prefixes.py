"""When beginnings are shared, whatever the framework."""

from nasea.backends.prefixes import Proof


def test_a_proof_takes_several_candidates() -> None:
    proof = Proof()
    for _ in range(Proof.WANTED):
        assert not proof.is_complete
        proof.enter(True)
    assert proof.is_complete and not proof.failed
    proof.enter(False)
    assert proof.failed
