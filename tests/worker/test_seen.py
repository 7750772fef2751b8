"""Orders that come again."""

from bot.worker.seen import MOST_RUNS, Seen


def test_an_order_may_run_a_few_times_until_it_expires() -> None:
    """Then it is refused here, and after its expiry elsewhere."""
    seen = Seen()
    assert [seen.may_run("a", 10.0, 1.0) for _ in range(5)] == [True] * MOST_RUNS + [False] * 2
    assert seen.may_run("b", 10.0, 1.0)
    assert not seen.may_run("a", 10.0, 9.9)
    assert seen.may_run("a", 30.0, 10.0)


def test_it_remembers_so_many_at_most() -> None:
    """A flood of orders takes no more memory than the bound says."""
    seen = Seen(most=10)
    for number in range(1000):
        assert seen.may_run(str(number), 1e9, 1.0)
    assert len(seen._runs) <= 11
