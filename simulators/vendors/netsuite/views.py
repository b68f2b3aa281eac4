"""What SuiteQL sees: one view a table, made from the wires, so that drift reaches it. Built anew by `adopt`.

As in NetSuite, lines of sales transactions carry negative quantities and amounts, the main line the positive total, so that the
lines of an invoice sum to zero; the subsidiary stands on the lines, not on the transaction. Column names: SOURCES.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from simulators.kernel.wire import Column, Wire, column_sql
from simulators.tongues.suiteql_schema import Facet, Schema

from .codecs import INVOICE_STATUS, MONEY, ORDER_STATUS
from .record_type import RecordType

TYPES = {"date": "date", "date-time": "instant", "number": "number", "integer": "number", "duration": "number", "string": "text"}


PLAIN = re.compile(r'[th]\."?\w+"?')
LIVE = "t.deleted = 0"


class Cell(NamedTuple):
    """One column of a view: SQL over the table's columns, its type, and the SQL of what BUILTIN.DF shows, if anything."""

    sql: str
    type: str = ""
    label: str = ""


Cells = dict[str, Cell]


def text(value: str) -> Cell:
    return Cell(f"'{value}'", "text")


def number(sql: str) -> Cell:
    return Cell(sql, "number")


def cells_of(wire: Wire, types: Mapping[str, RecordType]) -> Cells:
    """Every column of the wire, as SuiteQL names and shows it."""
    return {column.wire.lower(): cell_of(column, types) for column in wire.columns}


def cell_of(column: Column, types: Mapping[str, RecordType]) -> Cell:
    kind, _, rest = column.codec.type.partition(":")
    at = column_sql(column, "t.", raw=True)
    if kind == "select":
        targets, _, by = rest.rpartition(":")
        record = types[targets.split(",")[0].lower()]
        label = f'(SELECT r."{record.label}" FROM "{record.kind.table}" r WHERE r."{by}" = {at})'
        own = at if by == "id" else f'(SELECT r.id FROM "{record.kind.table}" r WHERE r."{by}" = {at})'
        return Cell(own, "number", label)
    return Cell(column_sql(column, "t."), TYPES.get(kind, "text"), at if kind == "list" else "")


def status(codec_sql: str, names: Mapping[str, str], prefix: str) -> Cell:
    cases = "".join(f" WHEN '{state}' THEN '{prefix} : {name}'" for state, name in names.items())
    return Cell(codec_sql, "text", f"CASE t.status{cases} END")


ORDER_STATES = {"pending": "Pending Approval", "open": "Pending Billing", "closed": "Closed"}
INVOICE_STATES = {"open": "Open", "sent": "Open", "partially_paid": "Open", "disputed": "Open", "paid": "Paid In Full"}
SHARED = {"posting": text("T"), "voided": text("F"), "exchangerate": number("1.0")}


def transaction_cells(types: Mapping[str, RecordType], wires: Mapping[str, Wire]) -> dict[str, tuple[str, Cells]]:
    """{type code: (table, cells)} of the transactions there are."""
    order, invoice, report, paid, credit = (
        cells_of(wires[n], types) for n in ("salesorder", "invoice", "expensereport", "customerpayment", "creditmemo")
    )
    made = {
        "SalesOrd": ("sales_order_row", order, {
            "recordtype": text("salesorder"), "foreigntotal": money("t.total"), "posting": text("F"), "transactionnumber": Cell("t.number", "text"),
            "status": status(ORDER_STATUS.sql.format("t.status"), ORDER_STATES, "Sales Order")}),
        "CustInvc": ("invoice_row", invoice, {
            "recordtype": text("invoice"), "foreigntotal": money("t.gross"), "foreignamountpaid": money("t.paid"),
            "foreignamountunpaid": money("t.open_balance"), "transactionnumber": Cell("t.number", "text"),
            "status": status(INVOICE_STATUS.sql.format("t.status"), INVOICE_STATES, "Invoice")}),
        "ExpRept": ("expense_report_row", report, {
            "recordtype": text("expensereport"), "foreigntotal": money("t.total"), "transactionnumber": Cell("t.number", "text"),
            "currency": report["expensereportcurrency"], "status": Cell("'F'", "text", "'Expense Report : Approved by Accounting'")}),
        "CustPymt": ("payment_row", paid, {
            "recordtype": text("customerpayment"), "entity": paid["customer"], "foreigntotal": money("t.amount"),
            "foreignpaymentamountused": money("t.applied"), "foreignpaymentamountunused": money("t.unapplied"),
            "tranid": Cell("t.bank_ref", "text"), "transactionnumber": Cell("t.bank_ref", "text"),
            "status": Cell("'C'", "text", "'Customer Payment : Deposited'")}),
        "CustCred": ("credit_row", credit, {
            "recordtype": text("creditmemo"), "foreigntotal": money("(- t.amount)"), "foreignpaymentamountused": money("t.applied"),
            "foreignpaymentamountunused": money("t.unapplied"), "transactionnumber": Cell("t.number", "text"),
            "status": Cell("CASE WHEN t.unapplied = 0 THEN 'B' ELSE 'A' END", "text",
                           "CASE WHEN t.unapplied = 0 THEN 'Credit Memo : Fully Applied' ELSE 'Credit Memo : Open' END")}),
    }  # fmt: skip
    dropped = ("subsidiary", "orderstatus", "total", "subtotal", "taxtotal", "amountpaid", "amountremaining", "payment", "applied", "unapplied",
               "checknum", "expensereportcurrency", "createdfrom")  # fmt: skip
    out = {}
    for code, (table, cells, more) in made.items():
        whole = {**cells, "type": text(code), **SHARED, **more}
        out[code] = (table, {name: cell for name, cell in whole.items() if name not in dropped})
    return out


def money(sql: str) -> Cell:
    return number(MONEY.sql.format(sql))


def select_text(table: str, cells: Cells, columns: Mapping[str, str], labels: Iterable[str], where: str = LIVE) -> str:
    """One SELECT over the table. `columns`: {name: SQL type that every arm of a union must show it as, or ''}."""
    shown = [f'{as_type(cells[name].sql if name in cells else "NULL", type_)} AS "{name}"' for name, type_ in columns.items()]
    shown += [
        f'{as_type((cells[name].label or cells[name].sql) if name in cells else "NULL", "TEXT")} AS "{name}__label"'
        for name in labels
    ]
    return f"SELECT {', '.join(shown)} FROM {table} WHERE {where}"


def as_type(sql: str, type_: str) -> str:
    return f"CAST({sql} AS {type_})" if type_ else sql


def common_types(arms: Iterable[Cells]) -> dict[str, str]:
    """{column: the type to cast to}. Where all arms show a plain column nothing is cast: its index stays of use.

    Affinities must agree over the arms, or SQLite does not look into a union; and a computed number without affinity would never
    equal a number that came as text, as ids do.
    """
    arms = list(arms)
    types = {}
    for name in dict.fromkeys(name for cells in arms for name in cells):
        held = [cells.get(name) for cells in arms]
        plain = all(cell is not None and PLAIN.fullmatch(cell.sql) for cell in held)
        kind = next((cell.type for cell in held if cell is not None and cell.type), "text")
        types[name] = "" if plain else {"number": "REAL", "instant": "INTEGER"}.get(kind, "TEXT")
    return types


def line_cells() -> dict[str, list[tuple[str, Cells, str]]]:
    """{type code: [(source, cells, where), ...]} of what transactionline is made of: main lines, lines, tax."""
    main: Cells = {"mainline": text("T"), "taxline": text("F"), "id": number("0"), "linesequencenumber": number("0"), "uniquekey": number("t.id"),
                   "transaction": number("t.id"), "memo": Cell("t.memo", "text")}  # fmt: skip
    line: Cells = {"mainline": text("F"), "taxline": text("F"), "id": number("t.line"), "linesequencenumber": number("t.line"),
                   "uniquekey": number("t.id"), "custcol_tax_code": Cell("t.tax_code", "text")}  # fmt: skip
    entity = Cell("h.customer_id", "number", "(SELECT r.name FROM customer_row r WHERE r.id = h.customer_id)")
    item = Cell("t.item_id", "number", "(SELECT r.name FROM item_row r WHERE r.id = t.item_id)")
    of_sale = {"subsidiary": Cell("h.subsidiary_id", "number", SUBSIDIARY_NAME.format("h")), "entity": entity, "item": item,
               "itemtype": text("Service"), "memo": Cell("t.description", "text"), "quantity": number("(- t.quantity / 100.0)"),
               "rate": number("(t.rate / 10000.0)")}  # fmt: skip
    own_main = {**main, "subsidiary": Cell("t.subsidiary_id", "number", SUBSIDIARY_NAME.format("t")),
                "entity": Cell("t.customer_id", "number", "(SELECT r.name FROM customer_row r WHERE r.id = t.customer_id)")}  # fmt: skip
    live = "t.deleted = 0"
    return {
        "SalesOrd": [
            ("sales_order_row t", {**own_main, **amount("t.total")}, live),
            ("sales_order_line_row t JOIN sales_order_row h ON h.id = t.order_id",
             {**line, **of_sale, **amount("- t.amount"), "transaction": number("t.order_id"), "custcol_line_key": Cell("t.line_key", "text"),
              "isbillable": flag("t.billable"), "quantitybilled": number("(CASE WHEN t.invoiced THEN t.quantity / 100.0 ELSE 0 END)")}, live),
        ],
        "CustInvc": [
            ("invoice_row t", {**own_main, **amount("t.gross"), "foreignamountunpaid": money("t.open_balance"),
                               "foreignamountpaid": money("t.paid")}, live),
            ("invoice_line_row t JOIN invoice_row h ON h.id = t.invoice_id",
             {**line, **of_sale, **amount("- t.net"), "transaction": number("t.invoice_id"), "custcol_source": Cell("t.source", "text"),
              "custcol_work_date": Cell("t.work_date", "date"), "createdfrom": number("h.order_id"), "taxrate": number("(t.tax_rate_e3 / 100000.0)"),
              "custcol_line_key": Cell("(SELECT r.line_key FROM sales_order_line_row r WHERE r.id = t.order_line_id)", "text")}, live),
            ("invoice_row t", {**own_main, **amount("- t.tax"), "mainline": text("F"), "taxline": text("T"), "uniquekey": number("- t.id"),
                               "id": number("t.lines + 1"), "linesequencenumber": number("t.lines + 1")}, live + " AND t.tax <> 0"),
        ],
        "ExpRept": [
            ("expense_report_row t", {**main, **amount("- t.total")}, live),
            ("expense_line_row t JOIN expense_report_row h ON h.id = t.report_id",
             {**line, **amount("t.amount"), "transaction": number("t.report_id"), "entity": number("t.job_id"), "memo": Cell("t.memo", "text"),
              "isbillable": flag("t.billable"), "custcol_invoice": number("t.invoice_id"), "custcol_work_date": Cell("h.work_date", "date")}, live),
        ],
        "CustPymt": [("payment_row t", {**own_main, **amount("t.amount")}, live)],
        "CustCred": [("credit_row t", {**own_main, **amount("(- t.amount)"), "memo": Cell("t.reason", "text")}, live)],
    }  # fmt: skip


SUBSIDIARY_NAME = "(SELECT r.name FROM subsidiary_row r WHERE r.id = {0}.subsidiary_id)"


def flag(sql: str) -> Cell:
    return Cell(f"(CASE {sql} WHEN 1 THEN 'T' ELSE 'F' END)", "text")


def amount(sql: str) -> Cells:
    # Amounts in the books' currency equal the transaction's here: foreign exchange is not modelled.
    return {"foreignamount": money(f"({sql})"), "netamount": money(f"({sql})")}


LINKS = (
    "SELECT {0} FROM payment_application_row a JOIN payment_row p ON p.id = a.payment_id WHERE a.deleted = 0",
    {"previousdoc": "a.invoice_id", "previousline": "0", "previoustype": "'CustInvc'", "nextdoc": "a.payment_id", "nextline": "0",
     "nexttype": "'CustPymt'", "nextdate": "p.received_on", "linktype": "'Payment'", "foreignamount": "(a.amount / 100.0)", "uniquekey": "a.id"},
)  # fmt: skip
LINK_TABLES = ("nexttransactionlinelink", "previoustransactionlinelink")


LINES: dict[Facet, str] = {(("mainline", "F"), ("taxline", "F")): "_lines", (("mainline", "T"),): "_main"}


class Building:
    """Views and schema in the making."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.tables: dict[str, dict[str, str]] = {}
        self.labels: dict[str, frozenset[str]] = {}

    def plain(self, table: str, wire: Wire, types: Mapping[str, RecordType], more: Cells | None = None) -> None:
        cells = {**cells_of(wire, types), **(more or {})}
        labels = [name for name, cell in cells.items() if cell.label]
        self.define(table, select_text(f'"{wire.kind.table}" t', cells, common_types([cells]), labels))
        self.tables[table] = {name: cell.type for name, cell in cells.items()}
        self.labels[table] = frozenset(labels)

    def union(self, table: str, arms: Mapping[str, list[tuple[str, Cells, str]]], facets: Mapping[Facet, str]) -> None:
        """One view over all arms, a narrower one a type code, and of each one a facet; all with the same columns."""
        every = [cells for parts in arms.values() for _, cells, _ in parts]
        columns = list(dict.fromkeys(name for cells in every for name in cells))
        labels = [name for name in columns if any(name in cells and cells[name].label for cells in every)]
        families = {f"{table}_{code.lower()}": parts for code, parts in arms.items()}
        families[table] = [part for parts in arms.values() for part in parts]
        for name, parts in families.items():
            self.arms(name, parts, columns, labels)
            for tests, suffix in facets.items():
                fitting = [part for part in parts if all(part[1][column].sql == f"'{value}'" for column, value in tests)]
                self.arms(name + suffix, fitting, columns, labels)
        self.tables[table] = {name: next((c[name].type for c in every if name in c and c[name].type), "") for name in columns}
        self.labels[table] = frozenset(labels)

    def arms(self, name: str, parts: list[tuple[str, Cells, str]], columns: list[str], labels: list[str]) -> None:
        if not parts:  # no transaction of that type has such lines
            nothing = [f'NULL AS "{column}"' for column in (*columns, *(label + "__label" for label in labels))]
            self.define(name, f"SELECT {', '.join(nothing)} WHERE 0")
            return
        types = common_types(cells for _, cells, _ in parts)
        wanted = {column: types.get(column, "TEXT") for column in columns}
        self.define(name, " UNION ALL ".join(select_text(source, cells, wanted, labels, where) for source, cells, where in parts))

    def define(self, name: str, select: str) -> None:
        self.texts[name] = f'CREATE TEMP VIEW "{name}" AS {select}'


def build(types: Mapping[str, RecordType], wires: Mapping[str, Wire]) -> tuple[dict[str, str], Schema]:
    """({view: SQL text}, the schema that SuiteQL checks names and types against)."""
    made = Building()
    arms = {code: [(f'"{table}" t', cells, LIVE)] for code, (table, cells) in transaction_cells(types, wires).items()}
    made.union("transaction", arms, {})
    made.union("transactionline", line_cells(), LINES)
    customer, job, item = (
        cells_of(wires["customer"], types),
        cells_of(wires["job"], types),
        cells_of(wires["servicesaleitem"], types),
    )
    made.plain("customer", wires["customer"], types, {"altname": customer["companyname"], "city": Cell("t.city", "text"),
               "country": Cell("t.country", "text"), "state": Cell("t.region", "text"), "zip": Cell("t.postal_code", "text")})  # fmt: skip
    made.plain("job", wires["job"], types, {"customer": job["parent"], "altname": job["companyname"]})
    made.plain(
        "item",
        wires["servicesaleitem"],
        types,
        {"itemtype": text("Service"), "isinactive": text("F"), "fullname": item["itemid"]},
    )
    period = {"isposting": text("T"), "isquarter": text("F"), "isyear": text("F"), "isadjust": text("F"), "isinactive": text("F")}
    made.plain("accountingperiod", wires["accountingperiod"], types, period)
    for table in ("employee", "timebill", "subsidiary", "currency", "term", "taxcode"):
        made.plain(table, wires[table], types)
    for table in LINK_TABLES:
        made.define(table, LINKS[0].format(", ".join(f"{sql} AS {name}" for name, sql in LINKS[1].items())))
        made.tables[table] = {name: "date" if name == "nextdate" else "" for name in LINKS[1]}
    codes = ("SalesOrd", "CustInvc", "ExpRept", "CustPymt", "CustCred")
    variants = {table: {code: f"{table}_{code.lower()}" for code in codes} for table in ("transaction", "transactionline")}
    keys = {table: "uniquekey" if "uniquekey" in columns else "id" for table, columns in made.tables.items()}
    followers = {"transactionline": ("transaction", "transaction")}
    return made.texts, Schema(made.tables, made.labels, keys, variants, "type", followers, {"transactionline": LINES})
