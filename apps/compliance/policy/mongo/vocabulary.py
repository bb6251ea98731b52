"""Operators that may stand in a pipeline. Whatever is not named here is refused."""

from apps.compliance.policy.sql.vocabulary import words

EXPRESSIONS = words(
    """$abs $add $ceil $divide $exp $floor $ln $log $log10 $mod $multiply $pow $round $sqrt $subtract $trunc $and $or
    $not $cmp $eq $gt $gte $lt $lte $ne $cond $ifNull $switch $concat $indexOfCP $split $strLenCP $substrCP $toLower
    $toUpper $trim $ltrim $rtrim $regexMatch $regexFind $regexFindAll $replaceOne $replaceAll $strcasecmp $arrayElemAt
    $first $last $firstN $lastN $maxN $minN $concatArrays $filter $in $indexOfArray $isArray $map $reduce $reverseArray
    $size $slice $sortArray $setUnion $setIntersection $setDifference $setEquals $setIsSubset $anyElementTrue
    $allElementsTrue $arrayToObject $objectToArray $mergeObjects $getField $zip $dateAdd $dateDiff $dateSubtract
    $dateTrunc $dateToString $dateFromString $dateToParts $dateFromParts $year $month $dayOfMonth $dayOfWeek $dayOfYear
    $hour $minute $second $millisecond $week $isoWeek $isoWeekYear $isoDayOfWeek $type $toString $toInt $toLong
    $toDouble $toDecimal $toDate $toBool $toObjectId $convert $isNumber $literal $let $sum $avg $min $max $stdDevPop
    $stdDevSamp"""
)
ACCUMULATORS = words(
    """$sum $avg $min $max $first $last $push $addToSet $count $stdDevPop $stdDevSamp $mergeObjects $firstN $lastN
    $maxN $minN $top $topN $bottom $bottomN"""
)
WINDOWED = ACCUMULATORS | words(
    """$rank $denseRank $documentNumber $shift $expMovingAvg $derivative $integral $covariancePop $covarianceSamp $locf
    $linearFill"""
)
COMPARISONS = words("$eq $ne $gt $gte $lt $lte")
MATCHES = COMPARISONS | words("$in $nin $exists $type $all $elemMatch $size $regex $options $not $mod")
LOGIC = frozenset({"$and", "$or", "$nor"})
VARIABLES = frozenset({"ROOT", "CURRENT", "NOW", "REMOVE"})

REASONS = {
    "$out": "It would write.",
    "$merge": "It would write.",
    "$function": "It runs code on the server.",
    "$accumulator": "It runs code on the server.",
    "$where": "It runs code on the server.",
    "$text": "It searches the text of fields before they are masked.",
    "$search": "It searches fields before they are masked.",
    "$range": "It can make lists of any length.",
    "$collStats": "It tells of the server, not of data.",
    "$indexStats": "It tells of the server, not of data.",
    "$currentOp": "It tells of the server, not of data.",
    "$listSessions": "It tells of the server, not of data.",
    "$planCacheStats": "It tells of the server, not of data.",
}
