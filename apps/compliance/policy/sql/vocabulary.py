"""What may stand in a query. Whatever is not named here is refused: a new kind of node, argument, function or type
in the parser is closed until somebody has thought about it."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STRUCTURE = words(
    """Select Union Except Intersect Subquery With CTE From Join Where Group Having Qualify Order Ordered Limit
    Offset Distinct Table TableAlias Identifier Column Star Alias Paren Tuple Window WindowSpec Cube Rollup
    GroupingSets Filter WithinGroup IgnoreNulls RespectNulls Null Boolean Literal DataType DataTypeParam Interval
    Var And Or Not EQ NEQ GT GTE LT LTE Is In Between Like ILike Escape Any All Add Sub Mul Div IntDiv Mod Neg DPipe
    Exists NullSafeEQ NullSafeNEQ AtTimeZone JSONPath JSONPathRoot JSONPathKey JSONPathSubscript RegexpLike
    RegexpILike SimilarTo Lateral Kwarg Bracket BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift
    BitwiseRightShift TableSample TableFromRows HistoricalData Changes PropertyEQ"""
)

# sqlglot's classes of functions that only compute from their arguments, in bounded space.
FUNCTIONS = words(
    """Abs Acos Asin Atan Atan2 AddMonths AnyValue ApproxDistinct Avg Case Cast Cbrt Ceil Coalesce Concat ConcatWs
    Contains ConvertTimezone Corr Cos Cosh Cot Count CountIf CovarPop CovarSamp CumeDist CurrentDate
    CurrentTimestamp Date DateAdd DateDiff DateFromParts DateSub DateTrunc Day DayOfMonth DayOfWeek DayOfWeekIso
    DayOfYear Dayname DecodeCase Degrees DenseRank EndsWith EqualNull Exp Extract FirstValue Floor Greatest
    GroupConcat Grouping GroupingId Hour If Initcap IsNullValue JSONExtract JSONExtractScalar Kurtosis Lag LastDay
    LastValue Lead Least Left Length Levenshtein Ln Log LogicalAnd LogicalOr Lower Max Median Min Minute Mode Month
    Monthname MonthsBetween Nanvl NthValue Ntile Nullif Nvl2 NumberToStr PercentRank PercentileCont PercentileDisc Pi
    Pow Quarter Radians Rank RegexpCount RegexpExtract RegexpInstr RegexpReplace RegexpSubstr RegrCount
    RegrIntercept RegrR2 RegrSlope Replace Reverse Right Round RowNumber Second Sign Sin Sinh Skewness SplitPart
    Sqrt StartsWith Stddev StddevPop StddevSamp StrPosition StrToDate StrToTime Substring Sum Tan Tanh TimeToStr
    TimestampAdd TimestampDiff TimestampTrunc ToBoolean ToChar ToNumber Translate Trim Trunc TryCast TsOrDsToDate
    TsOrDsToTimestamp Unicode UnixToTime Upper Variance VariancePop Week WeekOfYear WidthBucket Year YearOfWeek
    YearOfWeekIso Array ArrayAgg ArrayUniqueAgg ArraySize ArrayContains ToDouble Pad And Or Exists ArgMax ArgMin
    StringToArray Time Timestamp Booland Boolor Boolnot SafeDivide ExplodingGenerateSeries Explode Generator Seq1
    Seq2 Seq4 Seq8 Rand Uniform MD5 SHA SHA2 ParseJSON Struct JSONBObject JSONObject JSONKeyValue ArrayToString
    ArrayConcat ArrayDistinct ArrayIntersect ArrayMax ArrayMin ArrayPosition ArraySlice ArraySort ArrayReverse
    ObjectKeys TimeSlice NextDay Strtok Stuff BitwiseAndAgg BitwiseOrAgg BitwiseXorAgg Hll ApproxQuantile ApproxTopK
    ConditionalTrueEvent ConditionalChangeEvent DateBin MakeInterval Soundex Split Editdistance Hex Typeof"""
)

# Functions that sqlglot has no class for, by name in lower case.
NAMED = {
    "postgres": words(
        """btrim char_length every make_date isfinite to_timestamp age justify_days json_build_object jsonb_build_object
        json_build_array jsonb_build_array jsonb_array_elements jsonb_array_elements_text jsonb_object_keys
        jsonb_array_length array_length array_position cardinality"""
    ),
    "snowflake": words(
        """zeroifnull div0 div0null ratio_to_report square conditional_true_event conditional_change_event haversine"""
    ),
}

# The arguments that a node of the structure may carry.
ALLOWED_ARGS = {
    "Select": words(
        "with_ expressions distinct from_ joins where group having qualify windows order limit offset kind"
    ),
    "Union": words("with_ this expression distinct order limit offset"),
    "Except": words("with_ this expression distinct order limit offset"),
    "Intersect": words("with_ this expression distinct order limit offset"),
    "Subquery": words("this alias with_ order limit offset sample"),
    "With": words("expressions"),
    "CTE": words("this alias materialized"),
    "Table": words("this db catalog alias sample when changes"),
    "Join": words("this on using side kind"),
    "Column": words("this table db catalog"),
    "Star": words("except_ rename replace"),
    "Lateral": words("this alias"),
    "TableFromRows": words("this alias"),
    "Explode": words("this expressions"),
    "Generator": words("rowcount"),
    "TableSample": words("method percent size seed"),
    "HistoricalData": words("this kind expression"),
    "Changes": words("information at_before end"),
    "Group": words("expressions grouping_sets cube rollup all"),
    "Limit": words("expression this"),
    "Offset": words("expression this"),
    "Order": words("expressions this"),
    "Ordered": words("this desc nulls_first"),
    "TableAlias": words("this columns"),
    "Cast": words("this to safe"),
    "TryCast": words("this to safe requires_string"),
    "In": words("this expressions query"),
    "Window": words("this partition_by order spec alias over first"),
    "DataType": words("this expressions nested kind nullable"),
    "Distinct": words("expressions on"),
    "Identifier": words("this quoted"),
    "Exists": words("this"),
}

JOIN_KINDS = frozenset({"", "INNER", "CROSS", "OUTER"})
JOIN_SIDES = frozenset({"", "LEFT", "RIGHT", "FULL"})

TYPES = words(
    """TEXT VARCHAR CHAR NVARCHAR NCHAR BPCHAR INT BIGINT SMALLINT TINYINT DECIMAL FLOAT DOUBLE BOOLEAN DATE TIME TIMETZ
    TIMESTAMP TIMESTAMPTZ TIMESTAMPLTZ TIMESTAMPNTZ DATETIME INTERVAL UUID JSON JSONB VARIANT OBJECT ARRAY
    BIGDECIMAL DECFLOAT"""
)
LONGEST_PAD = 200
MOST_DIGITS = 18
