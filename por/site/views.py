"""What the templates show, every figure and word as text: one function a page. Nothing is decided in a template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from por.attestation import fingerprint
from por.figures import FULL, amount_text, axis_end, draw_bar, exact_text, percent_text, position_text
from por.pages import plain
from por.site.chart import draw_coverage, steps_of
from por.site.facts import Hour
from por.site.timeline import Gap, Timeline, hour_text

__all__ = ["LATEST", "hour_page", "index_page", "month_page", "page_of", "stands_beside"]

LATEST = 24
ALERTS_EACH = 12
KINDS = ("proven", "attested", "claimed")
Texts = Mapping[str, str]


def page_of(hour: Hour) -> str:
    """The address of an hour's page."""
    assert hour.folder is not None
    return hour.folder + ".html"


def index_page(line: Timeline, newest_detail: Mapping[str, Any] | None, texts: Texts, exchange: str) -> dict[str, Any]:
    """The context of the front page."""
    newest = line.newest
    return {
        **_common(texts, exchange, ""),
        "title": texts["title"].format(exchange=exchange),
        "verdict": line.verdict,
        "sentences": [texts[f"run_{line.verdict}"], *([] if newest is not None else [texts["run_nothing"]])],
        "facts": None if newest is None else _facts(newest, texts),
        "counts": _counts(line, texts),
        "alerts": list(_alerts(line, texts, newest)),
        "figures": None if newest is None else _figures(newest_detail or {}, texts),
        "newest_page": None if newest is None else page_of(newest),
        "over_time": _over_time(line, line.span(), texts),
        "latest": list(_list(line, line.signed[-LATEST:], texts, "")),
        "months": [_month_row(line, month, texts) for month in line.months()],
        "unplaced": [_unplaced(hour, texts) for hour in line.unsigned],
        "limits": [
            (texts[f"limits_{name}"], texts[f"limits_{name}_text"])
            for name in ("left_out", "moment", "block", "root", "bank", "private", "opinion")
        ],
    }


def month_page(line: Timeline, month: str, texts: Texts, exchange: str) -> dict[str, Any]:
    """The context of a month's page."""
    return {
        **_common(texts, exchange, ""),
        "title": texts["month_title"].format(exchange=exchange, month=month),
        "month": month,
        "over_time": _over_time(line, line.span(month), texts),
        "rows": list(_list(line, line.of_month(month), texts, "")),
    }


def hour_page(line: Timeline, hour: Hour, detail: Mapping[str, Any], texts: Texts, exchange: str) -> dict[str, Any]:
    """The context of one statement's page."""
    assert hour.id is not None and hour.folder is not None and hour.digest is not None
    detail = plain(detail)
    return {
        **_common(texts, exchange, "../../"),
        "title": texts["hour_title"].format(exchange=exchange, hour=hour.id.hour),
        "verdict": hour.verdict,
        "facts": _facts(hour, texts),
        "digest": hour.digest,
        "previous": hour.previous,
        "month": hour.id.hour[:7],
        "boxes": _boxes(line, hour, texts),
        "figures": _figures(detail, texts) if detail.get("trees") else None,
        "checks": detail["checks"],
        "rows": [_reserve_row(row, detail["trees"]) for row in detail.get("rows", ())],
        "blocks": detail.get("blocks", []),
        "books": [_exact_row(row, detail["trees"]) for row in detail.get("books", ())],
        "net": [_exact_row(row, detail["trees"]) for row in detail.get("net", ())],
        "lending": [_exact_row(row, detail["trees"]) for row in _rows_of(detail, "rows")],
        "related": [
            _exact_row(row | {"entity": _owing(detail, row["asset"])}, detail["trees"])
            for row in _rows_of(detail, "related")
        ],
        "markets": detail.get("markets", []) if _is_sound(detail, "markets") else [],
        "ledger": detail.get("ledger"),
        "disclosures": detail.get("disclosures", []),
        "downloads": _downloads(hour, "../../"),
    }


def _rows_of(detail: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Rows of the section `lending`; none of a section that says what nobody can read, which its check names."""
    section = detail.get("lending") or {}
    return list(section.get(name, [])) if _is_sound(detail, "lending") else []


def _is_sound(detail: Mapping[str, Any], section: str) -> bool:
    return any(check["name"] == section and check["result"] == "pass" for check in detail["checks"])


def _owing(detail: Mapping[str, Any], asset: str) -> str:
    """The entity to which the listed debts of an asset are owed: the one whose row has them."""
    return next(
        str(row["entity"]) for row in _rows_of(detail, "rows") if row["asset"] == asset and row["related_count"]
    )


def stands_beside(line: Timeline, hour: Hour) -> str:
    """What an hour's page says that is not in its own files: when this stays, the page stays."""
    later = line.restated_by.get(str(hour.digest))
    earlier = line.by_digest.get(hour.restates or "")
    marks = ("" if other is None else f"{other.sequence}:{other.folder}" for other in (later, earlier))
    return "|".join((*marks, str(hour.digest in line.forked)))


def _common(texts: Texts, exchange: str, up: str) -> dict[str, Any]:
    return {"t": texts, "exchange": exchange, "up": up}


def _kind(kind: str | None, texts: Texts) -> str:
    return texts.get(f"kind_{kind}", str(kind))


def _facts(hour: Hour, texts: Texts) -> dict[str, Any]:
    assert hour.id is not None and hour.digest is not None
    value = texts["statement_value"].format(
        kind=_kind(hour.kind, texts), sequence=hour.sequence, revision=hour.id.revision
    )
    return {"hour": hour.id.hour, "statement": value, "fingerprint": _fingerprint(hour).split("-")}


def _fingerprint(hour: Hour) -> str:
    assert hour.digest is not None
    return fingerprint(bytes.fromhex(hour.digest))


def _counts(line: Timeline, texts: Texts) -> str:
    files = [*line.signed, *line.unsigned]
    return texts["counts_value"].format(
        signed=f"{len(line.signed):,}",
        missed=f"{sum(_is_missed(hour) for hour in line.signed):,}",
        restated=f"{sum(hour.kind == 'restatement' for hour in line.signed):,}",
        invalid=f"{sum(hour.verdict == 'invalid' for hour in files):,}",
    )


def _is_missed(hour: Hour) -> bool:
    return hour.kind not in ("attestation", "restatement")


def _alerts(line: Timeline, texts: Texts, newest: Hour | None) -> Iterator[dict[str, str]]:
    """What a reader in a hurry must not miss, worst first."""

    def item(kind: str, what: str, text: str, link: str) -> dict[str, str]:
        return {"kind": kind, "what": texts[what], "text": plain(text), "link": link}

    yield from _some(
        [item("fail", "a_file", _unplaced(hour, texts)["text"], "#unplaced") for hour in line.unsigned], texts
    )
    yield from (item("fail", "a_chain", text, "#latest") for text in line.chain.failures)
    bad = [hour for hour in reversed(line.signed) if hour.verdict == "invalid"]
    yield from _some(
        [
            item(
                "fail",
                "a_statement",
                texts["statement_text"].format(label=hour.label, failed=", ".join(hour.failed)),
                page_of(hour),
            )
            for hour in bad
        ],
        texts,
    )
    if newest is not None:
        for cover in newest.covers:
            if cover.coverage is not None and cover.coverage < 10**6:
                text = texts["short_text"].format(asset=cover.asset, coverage=_percent(cover.coverage))
                yield item("short", "a_short", text, "#figures")
        last = line.signed[-1]
        if last is not newest and _is_missed(last) and last.id is not None and newest.id is not None:
            text = texts["old_text"].format(
                sequence=last.sequence, hour=last.id.hour, kind=_kind(last.kind, texts), shown=newest.id.hour
            )
            yield item("unchecked", "a_old", text, page_of(last))
    yield from _some([item("unchecked", "a_missing", text, "#latest") for text in line.chain.missing], texts)
    yield from _some(list(_reasons(line, texts, item)), texts)


def _reasons(line: Timeline, texts: Texts, item: Any) -> Iterator[dict[str, str]]:
    """Missed hours and restatements, newest first, with what the exchange said of them."""
    for hour in reversed(line.signed):
        assert hour.id is not None
        if hour.kind == "restatement":
            text = texts["restated_text"].format(
                hour=hour.id.hour, revision=hour.id.revision, sequence=hour.sequence, reason=hour.reason
            )
            yield item("unchecked", "a_restated", text, page_of(hour))
        elif _is_missed(hour):
            text = texts["missed_text"].format(hour=hour.id.hour, kind=_kind(hour.kind, texts), reason=hour.reason)
            yield item("unchecked", "a_missed", text, page_of(hour))


def _some(items: Sequence[dict[str, str]], texts: Texts) -> Iterator[dict[str, str]]:
    """The first few of a kind; the months have them all."""
    yield from items[:ALERTS_EACH]
    if len(items) > ALERTS_EACH:
        left = texts["more"].format(count=f"{len(items) - ALERTS_EACH:,}")
        yield {**items[ALERTS_EACH], "text": left, "link": "#months"}


def _percent(ppm: int | None) -> str | None:
    return None if ppm is None else exact_text(ppm // 100, 2) + "%"


def _figures(detail: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """The figures of one hour: bars and rows. Reserves are given the block."""
    trees = detail.get("trees", [])
    entities = {tree["entity"] for tree in trees}
    sums = [sum(int(tree["reserves_given_block"][kind]) for kind in KINDS) for tree in trees]
    end = axis_end([(held, int(tree["claims"])) for held, tree in zip(sums, trees, strict=True)])
    rows = [_tree(tree, end, len(entities) > 1, texts) for tree in trees]
    return {
        "rows": rows,
        "ticks": [(position_text(at * FULL // end), f"{at}%") for at in range(0, end + 1, 50 if end > 150 else 25)],
        "reference": position_text(100 * FULL // end),
        "is_any_cut": any(row["bar"].is_cut for row in rows),
        "cut_words": texts["bars_cut"].format(end=f"{end}%"),
        "overstated": ", ".join(row["name"] for row in rows if row["is_overstated"]),
    }


def _tree(tree: Mapping[str, Any], end: int, is_entity_shown: bool, texts: Texts) -> dict[str, Any]:
    scale, claims, debts = tree["scale"], int(tree["claims"]), int(tree["debts"])
    reserves = {kind: int(tree["reserves_given_block"][kind]) for kind in KINDS}
    held = sum(reserves.values())
    name = f"{tree['asset']} {texts['of_entity']} {tree['entity']}" if is_entity_shown else tree["asset"]
    coverage, proven = percent_text(tree["coverage"]), percent_text(tree["coverage_proven_given_block"])
    words = texts["bar_nothing" if coverage is None else "bar_text"]
    return {
        "name": name,
        "leaves": f"{tree['leaves']:,}",
        "claims": amount_text(claims, scale, up=True),
        "debts": amount_text(debts, scale, up=True),
        "reserves": {kind: amount_text(value, scale, up=False) for kind, value in reserves.items()},
        "held": amount_text(held, scale, up=False),
        "coverage": coverage,
        "coverage_proven": proven,
        "is_short": held < claims,
        "stated_proven": amount_text(int(tree["stated"]["proven"]), scale, up=False),
        "is_overstated": int(tree["stated"]["proven"]) > reserves["proven"],
        "exact": {
            "claims": exact_text(claims, scale),
            "debts": exact_text(debts, scale),
            **{kind: exact_text(value, scale) for kind, value in reserves.items()},
        },
        "bar": draw_bar(reserves, claims, end),
        "bar_title": texts["bar_title"].format(asset=name),
        "description": words.format(asset=name, coverage=coverage, proven=proven),
    }


def _over_time(line: Timeline, span: range, texts: Texts) -> dict[str, Any] | None:
    """A chart and a row of figures for each asset, over these hours."""
    trees = line.trees(span)
    if not trees:
        return None
    covers, marks = line.covers(span), line.marks(span)
    entities = {entity for entity, _ in trees}
    assets = []
    for tree in trees:
        found = [hour.get(tree) for hour in covers]
        points = [
            None if cover is None or cover.coverage is None or cover.proven is None else (cover.coverage, cover.proven)
            for cover in found
        ]
        stated = [(number, point) for number, point in zip(span, points, strict=True) if point is not None]
        if stated:
            name = tree[1] if len(entities) == 1 else f"{tree[1]} {texts['of_entity']} {tree[0]}"
            assets.append(_asset_over_time(name, points, marks, stated, texts))
    size = steps_of(len(span))
    hours = texts["one_hour"] if size == 1 else texts["several_hours"].format(count=size)
    return {
        "first": hour_text(span[0]),
        "last": hour_text(span[-1]),
        "note": texts["over_time_note"].format(hours=hours),
        "assets": assets,
        "marks": [(kind, texts[f"mark_{kind}"]) for kind in dict.fromkeys(mark for mark in marks if mark is not None)],
    }


def _asset_over_time(
    name: str,
    points: Sequence[tuple[int, int] | None],
    marks: Sequence[str | None],
    stated: Sequence[tuple[int, tuple[int, int]]],
    texts: Texts,
) -> dict[str, Any]:
    lowest_at, lowest = min(stated, key=lambda pair: (pair[1][0], pair[0]))
    figures = {
        "newest": _percent(stated[-1][1][0]),
        "lowest": _percent(lowest[0]),
        "highest": _percent(max(point[0] for _, point in stated)),
        "proven_newest": _percent(stated[-1][1][1]),
        "proven_lowest": _percent(min(point[1] for _, point in stated)),
        "proven_highest": _percent(max(point[1] for _, point in stated)),
    }
    first, last = hour_text(stated[0][0]), hour_text(stated[-1][0])
    return {
        **figures,
        "name": name,
        "lowest_at": hour_text(lowest_at),
        "is_short": stated[-1][1][0] < 10**6,
        "was_short": lowest[0] < 10**6,
        "chart": draw_coverage(points, marks),
        "title": texts["chart_title"].format(asset=name),
        "description": texts["chart_text"].format(asset=name, first=first, last=last, **figures),
    }


def _list(line: Timeline, hours: Sequence[Hour], texts: Texts, up: str) -> Iterator[dict[str, Any]]:
    """Rows of statements, newest first, and what lies between them."""
    for hour in reversed(hours):
        assert hour.id is not None
        yield {
            "gap": None,
            "sequence": f"{hour.sequence:,}",
            "hour": hour.id.hour,
            "revision": texts["revision"].format(revision=hour.id.revision) if hour.id.revision else None,
            "kind": _kind(hour.kind, texts),
            "marks": list(_marks(line, hour, texts)),
            "is_fork": hour.digest in line.forked,
            "verdict": hour.verdict,
            "failed": ", ".join(hour.failed),
            "lowest": _lowest(hour),
            "fingerprint": _fingerprint(hour),
            "page": up + page_of(hour),
            "downloads": _downloads(hour, up),
        }
        for gap in reversed(line.gaps.get(str(hour.digest), [])):
            yield {"gap": _gap_words(gap, texts)}


def _marks(line: Timeline, hour: Hour, texts: Texts) -> Iterable[str]:
    if hour.digest in line.forked:
        yield texts["mark_fork"]
    earlier, later = line.by_digest.get(hour.restates or ""), line.restated_by.get(str(hour.digest))
    if earlier is not None:
        yield texts["restates"].format(sequence=earlier.sequence)
    if later is not None:
        yield texts["restated_by"].format(sequence=later.sequence)


def _lowest(hour: Hour) -> str | None:
    covered = [(cover.coverage, cover.asset) for cover in hour.covers if cover.coverage is not None]
    return f"{_percent(min(covered)[0])} {min(covered)[1]}" if covered else None


def _downloads(hour: Hour, up: str) -> list[tuple[str, str]]:
    return [(name.rpartition("/")[2], f"{up}{hour.folder}/{name}") for name, _ in hour.files]


def _gap_words(gap: Gap, texts: Texts) -> str:
    if gap.is_hours:
        name = "gap_hour" if gap.first == gap.last else "gap_hours"
        return texts[name].format(first=hour_text(gap.first), last=hour_text(gap.last))
    name = "gap_number" if gap.first == gap.last else "gap_numbers"
    return texts[name].format(first=f"{gap.first:,}", last=f"{gap.last:,}")


def _month_row(line: Timeline, month: str, texts: Texts) -> dict[str, Any]:
    hours = line.of_month(month)
    worst = max((hour.verdict for hour in hours), key=("valid", "unchecked", "invalid").index)
    lowest = min((hour for hour in hours if _lowest(hour)), key=_lowest_ppm, default=None)
    return {
        "month": month,
        "page": f"{month}.html",
        "counts": ", ".join(
            f"{len(list(group)):,} {_kind(kind, texts)}"
            for kind, group in groupby(sorted(str(hour.kind) for hour in hours))
        ),
        "verdict": worst,
        "lowest": None if lowest is None else _lowest(lowest),
    }


def _lowest_ppm(hour: Hour) -> int:
    covered = [cover.coverage for cover in hour.covers if cover.coverage is not None]
    return min(covered)


def _unplaced(hour: Hour, texts: Texts) -> dict[str, str]:
    said = texts["file_unread"]
    if hour.id is not None:
        said = f"{_kind(hour.kind, texts)} {hour.sequence} ({hour.id})"
    failed = ", ".join(hour.failed)
    text = texts["file_text"].format(source=hour.source, file=hour.file or "?", said=said, failed=failed)
    return {"source": hour.source, "file": hour.file, "said": said, "failed": failed, "text": text}


def _boxes(line: Timeline, hour: Hour, texts: Texts) -> list[tuple[str, str, str | None]]:
    """(kind, text, page): what must be said above the figures."""
    boxes: list[tuple[str, str, str | None]] = []
    if hour.digest in line.forked:
        boxes.append(("fail", texts["fork_box"], None))
    reason = plain(hour.reason)
    if hour.kind == "restatement":
        earlier = line.by_digest.get(hour.restates or "")
        if earlier is None:
            boxes.append(("unchecked", texts["restates_unknown"].format(reason=reason), None))
        else:
            text = texts["restates_box"].format(sequence=earlier.sequence, reason=reason)
            boxes.append(("unchecked", text, f"../../{page_of(earlier)}"))
    elif _is_missed(hour):
        boxes.append(("unchecked", texts["missed_box"].format(reason=reason), None))
    later = line.restated_by.get(str(hour.digest))
    if later is not None:
        boxes.append(("unchecked", texts["restated_box"].format(sequence=later.sequence), f"../../{page_of(later)}"))
    return boxes


def _scale_of(row: Mapping[str, Any], trees: Sequence[Mapping[str, Any]]) -> int:
    scale: int = next(t["scale"] for t in trees if (t["entity"], t["asset"]) == (row["entity"], row["asset"]))
    return scale


def _reserve_row(row: Mapping[str, Any], trees: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {**row, "balance": exact_text(int(row["balance"]), _scale_of(row, trees))}


_NAMES = ("asset", "entity", "relation", "creditor", "coverage_gross", "coverage_net_claimed")
"""Texts of a row that are no amounts."""


def _exact_row(row: Mapping[str, Any], trees: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A row of section `books` or `net`, its amounts written out; counts and names stay."""
    scale = _scale_of(row, trees)
    return {
        name: exact_text(int(value), scale) if isinstance(value, str) and name not in _NAMES else value
        for name, value in row.items()
    }
