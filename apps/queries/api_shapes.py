"""The shapes that the API's description names. A test holds the answers against them."""

from rest_framework import serializers as s


class Column(s.Serializer):  # type: ignore[type-arg]
    name = s.CharField()
    type = s.CharField(help_text="integer, decimal, float, text, date, timestamp, boolean, ...")
    masked = s.BooleanField()
    masking = s.ChoiceField(["no", "yes", "partly"])
    reason = s.CharField(allow_blank=True, help_text="Rule and origin, for people.")
    rule = s.CharField(allow_blank=True)
    approver = s.CharField(allow_blank=True, help_text="Whom to ask.")
    subject = s.CharField(allow_blank=True, help_text="What to ask for.")


class Refusal(s.Serializer):  # type: ignore[type-arg]
    code = s.CharField(help_text="Stable: unknown_table, function_not_allowed, over_budget, ...")
    message = s.CharField()
    hint = s.CharField(allow_blank=True)
    line = s.IntegerField(allow_null=True)
    column = s.IntegerField(allow_null=True)


class Failure(s.Serializer):  # type: ignore[type-arg]
    message = s.CharField()


class Answer(s.Serializer):  # type: ignore[type-arg]
    id = s.UUIDField()
    status = s.ChoiceField(["queued", "running", "done", "failed", "refused", "cancelled"])
    columns = Column(many=True)
    rows = s.ListField(child=s.ListField(), help_text="One list a row, in the order of the columns.")
    row_count = s.IntegerField(allow_null=True)
    found = s.IntegerField(help_text="Rows that the filters leave.")
    truncated = s.BooleanField()
    next = s.CharField(allow_null=True, help_text="Address of the next page.")
    closed = s.CharField(allow_null=True, help_text="Why a kept result is not shown any more.")
    notes = s.ListField(child=s.CharField())
    refusal = Refusal(allow_null=True)
    error = Failure(allow_null=True)


class Cancelled(s.Serializer):  # type: ignore[type-arg]
    id = s.UUIDField()
    status = s.CharField()


class Query(s.Serializer):  # type: ignore[type-arg]
    source = s.CharField(help_text="warehouse, oltp, documents")  # type: ignore[assignment]
    text = s.CharField()
    parameters = s.DictField(
        required=False, help_text="By name: a text, number or truth value, or {type, value} for dates and decimals."
    )


class Past(s.Serializer):  # type: ignore[type-arg]
    id = s.UUIDField()
    source = s.CharField()  # type: ignore[assignment]
    purpose = s.CharField()
    status = s.CharField()
    text = s.CharField(help_text="As it was typed.")
    row_count = s.IntegerField(allow_null=True)
    created_at = s.DateTimeField()
    finished_at = s.DateTimeField(allow_null=True)
    read = s.ListField(child=s.CharField(), help_text="Columns of the store that the answer is made of.")
    filtered = s.ListField(child=s.CharField(), help_text="Columns that were only compared.")


class History(s.Serializer):  # type: ignore[type-arg]
    count = s.IntegerField()
    page = s.IntegerField()
    next = s.IntegerField(allow_null=True)
    results = Past(many=True)


class Estimated(s.Serializer):  # type: ignore[type-arg]
    rows = s.IntegerField(help_text="Of the datasets that are read, by the catalog.")
    size = s.IntegerField(help_text="Bytes, by the catalog.")
    unknown = s.IntegerField(help_text="Datasets that the catalog has not counted.")
    answer = s.IntegerField(allow_null=True, help_text="Rows that the store's planner expects, where it has one.")


class MaskedColumn(s.Serializer):  # type: ignore[type-arg]
    name = s.CharField()
    reason = s.CharField(allow_blank=True)
    rule = s.CharField(allow_blank=True)
    approver = s.CharField(allow_blank=True)


class Explained(s.Serializer):  # type: ignore[type-arg]
    refusal = Refusal(allow_null=True)
    columns = s.IntegerField()
    masked = MaskedColumn(many=True)
    notes = s.ListField(child=s.CharField())
    missing = s.ListField(child=s.CharField(), help_text="Parameters without a value.")
    estimate = Estimated(allow_null=True)


class Saved(s.Serializer):  # type: ignore[type-arg]
    id = s.UUIDField()
    owner = s.CharField()
    title = s.CharField()
    folder = s.CharField(allow_blank=True)
    source = s.CharField()  # type: ignore[assignment]
    version = s.IntegerField()
    favourite = s.BooleanField()


class SavedList(s.Serializer):  # type: ignore[type-arg]
    results = Saved(many=True)


class ScheduleShape(s.Serializer):  # type: ignore[type-arg]
    times = s.CharField()
    purpose = s.CharField()
    next_at = s.DateTimeField(allow_null=True)
    note = s.CharField(allow_blank=True)
    last = s.UUIDField(allow_null=True)


class OneSaved(s.Serializer):  # type: ignore[type-arg]
    id = s.UUIDField()
    owner = s.CharField()
    version = s.IntegerField()
    newest = s.IntegerField()
    title = s.CharField(allow_null=True, help_text="Null where the gate refuses the text to you.")
    folder = s.CharField(allow_null=True)
    source = s.CharField(allow_null=True)  # type: ignore[assignment]
    text = s.CharField(allow_null=True)
    parameters = s.DictField(help_text="By name: [type, value].")
    refusal = s.CharField(allow_null=True, help_text="The code of the refusal.")
    schedule = ScheduleShape(allow_null=True)


class Approved(s.Serializer):  # type: ignore[type-arg]
    id = s.UUIDField()
    title = s.CharField()
    about = s.CharField(allow_blank=True)
    topic = s.CharField()
    source = s.CharField()  # type: ignore[assignment]
    role = s.CharField(help_text="For whom it was approved.")
    purpose = s.CharField()
    state = s.CharField(help_text="approved, quarantined, ...")


class LibraryList(s.Serializer):  # type: ignore[type-arg]
    results = Approved(many=True)


class AgreedColumnShape(s.Serializer):  # type: ignore[type-arg]
    name = s.CharField()
    masking = s.ChoiceField(["no", "yes", "partly"])
    mask = s.CharField(allow_blank=True)


class LibraryEntryShape(Approved):
    why = s.ListField(child=s.CharField(), help_text="Why it is quarantined, sent back or retired.")
    text = s.CharField(allow_null=True, help_text="Null where the gate refuses it to you.")
    parameters = s.DictField(help_text="By name: [type, value].")
    columns = AgreedColumnShape(many=True, help_text="The contract's.")


class BudgetShape(s.Serializer):  # type: ignore[type-arg]
    used = s.IntegerField(help_text="Seconds since midnight UTC.")
    whole = s.IntegerField()
    left = s.IntegerField()
