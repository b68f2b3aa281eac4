"""What the ERP shows is shown elsewhere: soon, row by row, and never an older version over a newer one."""

from orchestrator.canonical.billing import Invoice
from orchestrator.canonical.work import MilestoneSeen
from orchestrator.ports import Failed, Hint, Renamed
from orchestrator.processes import milestones, mirror
from tests.orchestrator.deals import MONDAY, engagement, milestone_deal
from tests.orchestrator.processes.house import keep
from tests.orchestrator.processes.systems import LOST

LOCKED, WRONG = "UNABLE_TO_LOCK_ROW", "FIELD_INTEGRITY_EXCEPTION"


def invoice(number=1, version=1, status="open", open_=100_00):
    return Invoice(
        f"INV-S-00042-202601-{number}", str(number), f"N{number}", "S-00042", status, "USD", 100_00, 100_00, open_, "", version
    )


def milestone_engagement():
    sold = milestone_deal()
    return engagement(type="milestone", lines=sold.lines, amount=sold.amount)


async def show(house, *rows, name="1", customers=(), sows=()):
    for process, lane in ((mirror.CRM_NAME, "crm"), (mirror.PSA_NAME, "psa")):
        page = mirror.Page(rows, customers if lane == "crm" else (), sows if lane == "crm" else ())
        await house.engine.start(process, page, id=f"mirror:{lane}:{name}")
    await house.settle()
    return [await house.state(f"mirror:{lane}:{name}") for lane in ("crm", "psa")]


def test_an_invoice_is_shown_in_crm_and_psa(tmp_path):
    """As it is: number, status, amounts and version."""

    async def story(house):
        await house.book.engage(engagement())
        states = await show(house, invoice(version=3, status="sent"))
        shown = house.psa.refs["41", "INV-S-00042-202601-1"]
        return states, house.crm.invoices, (shown.ref, shown.status, shown.version)

    states, crm, psa = keep(story, tmp_path / "db")
    assert states == ["done", "done"]
    assert crm == {"INV-S-00042-202601-1": invoice(version=3, status="sent")}
    assert psa == ("N1", "sent", 3)


ACCEPTED = MilestoneSeen("S-00042", "S-00042-M1", "501", MONDAY, "Client")


async def accept(house):
    """An acceptance that a sweep told of."""
    await house.book.engage(milestone_engagement())
    house.erp.records["SO-S-00042"] = milestone_engagement().contract
    run = await house.engine.start(milestones.NAME, ACCEPTED, id=milestones.run_id("S-00042-M1"))
    await house.settle(0.01)
    return run


def test_an_acceptance_that_a_replica_does_not_show_yet_is_read_again(tmp_path):
    """The run is the only one its milestone will ever have: it looks once more before it says anything."""

    async def story(house):
        run = await accept(house)
        house.psa.milestones["501"] = ACCEPTED
        await house.settle(0.5)
        return await house.state(run), sorted(house.erp.invoices)

    assert keep(story, tmp_path / "db") == ("done", ["INV-S-00042-M1"])


def test_an_acceptance_that_is_gone_is_a_case(tmp_path):
    """Told and never shown: somebody has to look, or the milestone would never be billed."""

    async def story(house):
        run = await accept(house)
        await house.settle(0.5)
        return await house.state(run), [(case.code, case.subject) for case in house.desk.find(state="open")], house.erp.invoices

    assert keep(story, tmp_path / "db") == ("parked", [("CHANGED", "S-00042-M1")], {})


def test_an_older_version_never_overwrites_a_newer_one(tmp_path):
    """A page that comes late is dropped row by row."""

    async def story(house):
        await house.book.engage(engagement())
        await show(house, invoice(version=5, status="paid", open_=0), name="new")
        await show(house, invoice(version=2, status="sent"), invoice(2, version=1), name="old")
        crm = {key: row.version for key, row in house.crm.invoices.items()}
        return crm, {key: shown.version for (_, key), shown in house.psa.refs.items()}

    wanted = {"INV-S-00042-202601-1": 5, "INV-S-00042-202601-2": 1}
    assert keep(story, tmp_path / "db") == (wanted, wanted)


def test_only_failed_rows_are_sent_again(tmp_path):
    """A lock on one row of three costs one more call with that row."""

    async def story(house):
        rows = [invoice(n) for n in (1, 2, 3)]
        house.crm.failing = {rows[1].key: [Failed(rows[1].key, LOCKED, "busy", again=True)] * 2}
        sent = []
        real = house.crm.mirror_invoices

        async def watched(batch):
            sent.append([row.number for row in batch])
            return await real(batch)

        house.crm.mirror_invoices = watched
        states = await show(house, *rows)
        return states[0], sent, len(house.crm.invoices)

    assert keep(story, tmp_path / "db") == ("done", [["N1", "N2", "N3"], ["N2"], ["N2"]], 3)


def test_a_refused_row_is_an_exception_and_the_lane_goes_on(tmp_path):
    """What a batch refuses for good has a clerk; the others are shown."""

    async def story(house):
        row = invoice(1)
        house.crm.failing = {row.key: [Failed(row.key, WRONG, "no such SOW", again=False)]}
        states = await show(house, row, invoice(2))
        return states[0], list(house.crm.invoices), [(v.code, v.source) for v in house.desk.find()]

    wanted = ("done", ["INV-S-00042-202601-2"], [("VENDOR_REFUSED", "INV-S-00042-202601-1")])
    assert keep(story, tmp_path / "db") == wanted


def test_a_refused_row_is_mirrored_as_the_erp_has_it_when_a_clerk_sends_it_on(tmp_path):
    """After the mend the invoice is shown, though no poll will ever bring it again."""

    async def story(house):
        row = invoice(1)
        house.crm.failing = {row.key: [Failed(row.key, WRONG, "no such SOW", again=False)]}
        await show(house, row)
        before = list(house.crm.invoices)
        house.erp.changed = [row]
        known = await house.sweeps.show_again(row.key, "mirror:crm:X-1:1")
        await house.settle()
        return before, known, list(house.crm.invoices), await house.sweeps.show_again("INV-S-00001-202601-1", "mirror:crm:X-2:1")

    assert keep(story, tmp_path / "db") == ([], True, ["INV-S-00042-202601-1"], False)


def test_a_customers_new_name_stays_in_the_erp(tmp_path):
    """The mapping proposes it, the guard refuses it, nothing is written and nobody is bothered."""

    async def story(house):
        states = await show(house, customers=(Renamed("A-00042", "Northwind plc"),))
        return states[0], house.crm.names, house.desk.find()

    assert keep(story, tmp_path / "db") == ("done", {}, [])


def test_without_the_guard_the_name_would_be_written(tmp_path):
    """What stops the write is the guard and nothing else: broken, the CRM's own field is overwritten."""

    async def story(house):
        house.crm.guarded = False
        await show(house, customers=(Renamed("A-00042", "Northwind plc"),))
        return house.crm.names

    assert keep(story, tmp_path / "db") == {"A-00042": "Northwind plc"}


def test_totals_are_billed_and_unbilled_net(tmp_path):
    """Billed is what the ERP invoiced, unbilled what it holds and has not invoiced."""

    async def story(house):
        from tests.orchestrator.processes.test_work import bill, entry, post

        await house.book.engage(engagement())
        house.psa.works = [entry(1), entry(2)]
        await bill(house, cut_off=1)
        await post(house)
        house.erp.changed = list(house.erp.invoices.values())
        await house.sweeps.invoices(0)
        await house.settle()
        before = house.crm.totals["S-00042"], house.book.moved()
        await house.sweeps.invoices(0)
        return before, house.erp.meet.calls.count("with_net")

    (totals, moved), asked = keep(story, tmp_path / "db")
    assert (totals.billed, totals.unbilled, moved) == (200_00, 200_00, [])
    assert asked == 1, "an invoice that did not change is not mirrored again"


def test_an_accepted_milestone_is_billed_once(tmp_path):
    """Feed, poll and a lost reply together make one invoice, of that line alone."""

    async def story(house):
        await house.book.engage(milestone_engagement())
        house.erp.records["SO-S-00042"] = milestone_engagement().contract
        house.psa.milestones["501"] = MilestoneSeen("S-00042", "S-00042-M1", "501", MONDAY, "client")
        house.psa.hints["feed"] = [Hint("milestone", "41", "501", MONDAY), Hint("milestone", "41", "501", MONDAY + 7)]
        house.psa.hints["milestones"] = [Hint("milestone", "41", "501", MONDAY)]
        house.erp.meet.coming["create_milestone_invoice"] = [LOST]
        await house.sweeps.feed(0)
        await house.sweeps.milestones(0)
        await house.settle()
        return await house.state(milestones.run_id("S-00042-M1")), {key: row.net for key, row in house.erp.invoices.items()}

    assert keep(story, tmp_path / "db") == ("done", {"INV-S-00042-M1": 40_000_00})


def test_completion_without_acceptance_is_not_billed(tmp_path):
    """The hint is not trusted: the story is read again."""

    async def story(house):
        await house.book.engage(milestone_engagement())
        seen = MilestoneSeen("S-00042", "S-00042-M1", "501", MONDAY, "client")
        await house.engine.start(milestones.NAME, seen, id=milestones.run_id("S-00042-M1"))
        await house.settle()
        return house.erp.invoices

    assert keep(story, tmp_path / "db") == {}
