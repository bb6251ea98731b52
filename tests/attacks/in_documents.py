"""Attacks on the document store, by class. The trust model is that of `in_sql.py`; unclassified here is also every
field that the catalog has never seen (`unknown.deep`, `device.secret`, `events[].note`)."""

from typing import Any

from tests.attacks.ways import Leak, Oracle

GUESS, MISS = "zoë.kanarie@example.org", "zoë.nobody@example.org"


def pipe(*stages: Any, collection: str = "sessions") -> dict[str, Any]:
    return {"collection": collection, "pipeline": list(stages)}


def project(value: Any) -> dict[str, Any]:
    return pipe({"$project": {"x": value}})


def guess(name: str, build: Any, right: Any = GUESS, wrong: Any = MISS) -> Oracle:
    return Oracle(name, build(right), build(wrong))


def wanted(value: str) -> dict[str, Any]:
    return {"$eq": ["$email", value]}


def joined(local: Any, foreign: str) -> Any:
    """Joins what was typed with a field of the other collection, and counts what was found."""
    return lambda value: pipe(
        {"$match": {"_id": "s1"}},
        {"$addFields": {"typed": value if local is None else local}},
        {"$lookup": {"from": "feedback", "localField": "typed", "foreignField": foreign, "as": "f"}},
        {"$project": {"n": {"$size": "$f"}}},
    )


FIELDS = [
    Leak("find", {"collection": "sessions"}),
    Leak("projection", {"collection": "sessions", "projection": {"email": 1, "device.ip": 1, "events.note": 1}}),
    Leak("renamed", project("$email")),
    Leak("nested path", project("$device.ip")),
    Leak("path through an array", project("$events.note")),
    Leak("unknown field", project("$unknown.deep")),
    Leak("unknown field of a known object", project("$device.secret")),
    Leak("a scalar where an object is expected", project("$device")),
    Leak("numeric path", {"collection": "sessions", "filter": {"events.0.type": "login"}, "projection": {"events": 1}}),
    Leak("$$ROOT", project("$$ROOT")),
    Leak("$$CURRENT", project("$$CURRENT.email")),
    Leak("$objectToArray", project({"$objectToArray": "$$ROOT"})),
    Leak("$getField", project({"$getField": "email"})),
    Leak("$getField of a computed name", project({"$getField": {"field": {"$literal": "email"}, "input": "$$ROOT"}})),
    Leak("$mergeObjects", project({"$mergeObjects": ["$$ROOT", {}]})),
    Leak("$concat", project({"$concat": ["$email", ""]})),
    Leak("$map", project({"$map": {"input": "$events", "as": "e", "in": "$$e.note"}})),
    Leak("$filter", project({"$filter": {"input": "$events", "as": "e", "cond": True}})),
    Leak("$reduce", project({"$reduce": {"input": "$events", "initialValue": "", "in": {"$concat": ["$$value", {"$ifNull": ["$$this.note", ""]}]}}})),
    Leak("$let", project({"$let": {"vars": {"r": "$$ROOT"}, "in": "$$r.email"}})),
    Leak("$arrayToObject", pipe({"$match": {"_id": "s1"}}, {"$project": {"x": {"$arrayToObject": {"$objectToArray": "$device"}}}})),
    Leak("$group $push", pipe({"$group": {"_id": None, "all": {"$push": "$$ROOT"}}})),
    Leak("$group by", pipe({"$group": {"_id": "$email"}})),
    Leak("$group $first", pipe({"$sort": {"_id": 1}}, {"$group": {"_id": 1, "e": {"$first": "$email"}, "d": {"$max": "$device"}}})),
    Leak("$unwind", pipe({"$unwind": "$events"})),
    Leak("$addFields over a field", pipe({"$addFields": {"status": "$email"}})),
    Leak("$set an unknown", pipe({"$set": {"status": "$unknown"}})),
    Leak("keys of a map", project({"$objectToArray": "$seen"})),
    Leak("keys of a map of addresses", project({"$objectToArray": "$mails"})),
    Leak("an entry by its key", project({"$getField": {"field": "kanarie", "input": "$seen"}}), would="its key is the value"),
    Leak("hidden values of a map that is shown", project("$pages")),
    Leak("$unset others", pipe({"$unset": ["status"]})),
]  # fmt: skip
OTHERS = [
    Leak("$lookup by fields", pipe({"$lookup": {"from": "feedback", "localField": "_id", "foreignField": "session_id", "as": "f"}}, {"$project": {"f": 1}})),
    Leak("$lookup by pipeline", pipe({"$lookup": {"from": "feedback", "pipeline": [{"$match": {"email": {"$ne": None}}}], "as": "f"}}, {"$project": {"f": 1}})),
    Leak("$lookup in a $lookup", pipe({"$lookup": {"from": "feedback", "pipeline": [{"$lookup": {"from": "sessions", "pipeline": [], "as": "s"}}], "as": "f"}}, {"$project": {"f": 1}})),
    Leak("$lookup of the same", pipe({"$lookup": {"from": "sessions", "pipeline": [{"$project": {"x": "$$ROOT"}}], "as": "f"}}, {"$project": {"f": 1}})),
    Leak("$unionWith", pipe({"$unionWith": {"coll": "feedback"}})),
    Leak("$graphLookup", pipe({"$graphLookup": {"from": "feedback", "startWith": "$_id", "connectFromField": "_id", "connectToField": "session_id", "as": "f"}})),
    Leak("$facet", pipe({"$facet": {"all": [{"$match": {}}]}})),
    Leak("system collection", {"collection": "system.profile"}, would="profiling is off"),
    Leak("another database", pipe({"$lookup": {"from": {"db": "admin", "coll": "system.users"}, "pipeline": [], "as": "f"}}), would="mongod takes it from a router only"),
    Leak("$out", pipe({"$out": "copied"}), would="it copies the collection"),
    Leak("$merge", pipe({"$merge": {"into": "copied"}}), would="it copies the collection"),
    Leak("$function", project({"$function": {"body": "function (e) { return e }", "args": ["$email"], "lang": "js"}})),
    Leak("$accumulator", pipe({"$group": {"_id": 1, "x": {"$accumulator": {"init": "function () { return '' }", "accumulate": "function (s, e) { return s + e }", "accumulateArgs": ["$email"], "merge": "function (a, b) { return a + b }", "lang": "js"}}}})),
    Leak("$where", {"collection": "sessions", "filter": {"$where": "this.email != ''"}}, would="it runs code on what was read"),
    Leak("$collStats", pipe({"$collStats": {"storageStats": {}}}), would="it tells of the server"),
    Leak("$convert that raises", project({"$toInt": "$email"})),
    Leak("$dateFromString that raises", project({"$dateFromString": {"dateString": "$email"}}), would="the message can quote what it met"),
    Leak("$text", {"collection": "sessions", "filter": {"$text": {"$search": "kanarie"}}}, would="there is no text index"),
    Leak("a key that stands twice", '{"collection": "sessions", "collection": "feedback"}', bare={"collection": "feedback"}),
]  # fmt: skip
ORACLES = [
    guess("filter", lambda v: {"collection": "sessions", "filter": {"email": v}, "projection": {"status": 1}}),
    guess("filter by regex", lambda v: {"collection": "sessions", "filter": {"email": {"$regex": v}}, "projection": {"status": 1}}, "^zoë", "^xoë"),
    guess("filter on a hidden path", lambda v: {"collection": "sessions", "filter": {"device.ip": v}, "projection": {"status": 1}}, "10.66.77.88", "10.0.0.1"),
    guess("filter on an unknown path", lambda v: {"collection": "sessions", "filter": {"unknown.deep": v}, "projection": {"status": 1}}, "geheim-u", "x"),
    guess("exists of a hidden path", lambda v: pipe({"$match": {"_id": v, "device.secret": {"$exists": True}}}, {"$count": "n"}), "s1", "s2"),
    guess("numeric path", lambda v: {"collection": "sessions", "filter": {"events.0.note": v}, "projection": {"status": 1}}, "geheim-e", "x"),
    guess("exists of a key", lambda v: pipe({"$match": {v: {"$exists": True}}}, {"$count": "n"}), "seen.kanarie", "seen.nobody"),
    guess("a value under a key", lambda v: pipe({"$match": {v: 1}}, {"$count": "n"}), "seen.kanarie.n", "seen.nobody.n"),
    guess("how many keys", lambda v: pipe({"$match": {"$expr": {"$gte": [{"$size": {"$objectToArray": {"$ifNull": ["$seen", {}]}}}, v]}}}, {"$count": "n"}), 2, 3),
    guess("$elemMatch", lambda v: {"collection": "sessions", "filter": {"events": {"$elemMatch": {"note": v}}}, "projection": {"status": 1}}, "geheim-e", "x"),
    guess("whole object", lambda v: {"collection": "sessions", "filter": {"unknown": v}, "projection": {"status": 1}}, {"deep": "geheim-u"}, {"deep": "x"}),
    guess("$nor", lambda v: {"collection": "sessions", "filter": {"$nor": [{"email": v}]}, "projection": {"status": 1}}),
    guess("$expr", lambda v: {"collection": "sessions", "filter": {"$expr": wanted(v)}, "projection": {"status": 1}}),
    guess("$cond", lambda v: project({"$cond": [wanted(v), 1, 0]})),
    guess("$group by a guess", lambda v: pipe({"$group": {"_id": wanted(v), "n": {"$sum": 1}}}, {"$sort": {"_id": 1}})),
    guess("$size of a hidden array", lambda v: pipe({"$match": {"events.note": {"$in": [v]}}}, {"$count": "n"}), "geheim-e", "x"),
    guess("$lookup on a guess", joined(None, "email")),
    guess("$lookup on a redacted text", joined(None, "text"), "geheim text", "x"),
    guess("$lookup pipeline on a guess", lambda v: pipe({"$match": {"_id": "s1"}}, {"$lookup": {"from": "feedback", "pipeline": [{"$match": {"email": v}}], "as": "f"}}, {"$project": {"n": {"$size": "$f"}}})),
    guess("division by zero on a guess", lambda v: project({"$divide": [1, {"$cond": [wanted(v), 0, 1]}]})),
]  # fmt: skip
