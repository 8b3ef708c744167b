"""The phrases by which the router's rules recognise what a message wants; data, no logic."""

import re
from typing import Final


def _phrases(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)


_COUNT = (
    r"(?:\d+(?:[.,]\d+)?|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty)"
)

CANCEL: Final = _phrases(
    r"cancel(?= (?:that|this|it|please|(?:my|the) (?:\w+ )?(?:log|workout|request|message)))"
    r"|cancel(?=\W*(?:$|[,.;!]))",
    r"never ?mind",
    r"forget (?:it|that|about it)",
    r"scratch that",
    r"stop (?:it|that|this|logging|please|the (?:log|workout|logging))",
    r"(?:don't|do not) (?:log|save|record) (?:it|that|this)",
)
CANCEL_START: Final = re.compile(
    r"^\W*(?:(?:please|ok(?:ay)?|wait|no|actually|hey|just)\W+)*(?:(?:stop|abort|quit)\W*(?:$|[.!,;]|please|now)|cancel\b)",
    re.IGNORECASE,
)

COMPLETED: Final = _phrases(
    r"did|ran|lifted|squatted|benched|deadlifted|pressed|curled|completed|finished|hit|cycled|biked|rode"
    r"|rowed|swam",
    r"walked|hiked|jogged|trained|worked out|climbed|bouldered|stretched|played|managed|crushed"
    r"|knocked out|pr'?d",
    r"logged|put in|held|foam rolled|sparred|raced|went for|got through|smashed",
)
NOT_COMPLETED: Final = _phrases(
    r"didn't|did not|couldn't|could not|haven't|have not|skipped|missed|was going to|were going to|wanted to",
    r"if i|wish i|should have|almost did|used to|years? ago|last year|back in|imagine",
)
FUTURE: Final = _phrases(
    r"tomorrow|going to|gonna|(?:plan|planning|want|hope|hoping|like|love|aim|trying|need) to|i'll|i will",
    r"next (?:week|month|year|time)",
)
RECENT: Final = _phrases(
    r"just|today|today's|this (?:morning|afternoon|evening)|tonight|earlier|yesterday|last night|now"
)
LOG_WISH: Final = re.compile(
    r"(?:^|[.!,;]\s*|\b(?:please|to|can you|could you|you can)\s+)(?:log|track|record)\b(?!\s+a\s+workout\b)",
    re.IGNORECASE,
)
HOW_START: Final = re.compile(r"^\W*(?:how|what|why|where|when|who|which)\b", re.IGNORECASE)

GYM_NUMBERS: Final = re.compile(
    rf"\b{_COUNT}\s*(?:x|×|sets?\b|reps?\b|kgs?\b|kilos?\b|lbs?\b|pounds?\b|plates?\b|rounds?\b)|@\s*\d",
    re.IGNORECASE,
)
OTHER_NUMBERS: Final = re.compile(
    rf"\b{_COUNT}[\s-]*(?:k|km|kilometers?|kilometres?|mi|miles?|m|meters?|metres?|min|mins|minutes?|h|hours?|hrs?"
    r"|sec|seconds?|laps?|cal|calories|watts?)\b|\b\d+:\d\d\b",
    re.IGNORECASE,
)

REMEMBER: Final = _phrases(
    r"remember|don't forget|do not forget|keep in mind|bear in mind|make a note|note (?:that|down)",
    r"for future reference|from now on|memori[sz]e",
)
RECALLED: Final = _phrases(
    r"(?:do|did) you (?:still )?remember|(?:can|could) you (?:still )?remember (?!that|this|to|i|my)",
    r"remember (?:when|how|what|the time)|(?:can't|cannot|don't|do not) remember|as you remember",
)
_BY_THEN = (
    r"(?:by|before|next|this|within|in) (?:\w+ ){0,2}"
    r"(?:month|year|summer|autumn|fall|winter|spring|season|christmas|weeks|months|\d{4})"
)
GOAL: Final = _phrases(
    r"my (?:\w+[- ]){0,2}goals? (?:is|are|for|this|by)|(?:new|my) goal:"
    r"|i(?:'d| would)? (?:want|like|love) to be able to",
    r"i(?:'m| am) (?:aiming|training|working) (?:for|towards?|to)|i (?:aim|hope) to|my target is",
    rf"i(?:'d| would)? (?:want|like|love|plan|intend) to .{{3,80}}{_BY_THEN}",
)
STANDING: Final = _phrases(
    r"call me|i prefer|i(?:'d| would) rather|i(?:'m| am) allergic|i can only train|i only have",
    r"(?:please|always|never) (?:always|never|use|give|suggest|answer|keep|ask)",
    r"i have (?:an? )?(?:\w+ ){0,2}(?:injury|condition|allergy|asthma|diabetes|arthritis)",
    r"i(?:'m| am) (?:a )?(?:vegan|vegetarian|pregnant|diabetic|coeliac|celiac)",
)
CONSTRAINT: Final = _phrases(
    r"injur(?:y|ies|ed)|pain|hurts?|allerg(?:y|ic|ies)|can't|cannot|can only|only have|avoid"
    r"|bad (?:knee|back|shoulder)",
    r"surgery|asthma|diabet\w+|doctor|pregnant|no (?:equipment|gym|barbell)|condition",
)
PREFERENCE: Final = _phrases(r"prefer|like|love|enjoy|hate|dislike|favou?rite|rather")
INSTRUCTION: Final = _phrases(
    r"always|never|from now on|call me|use (?:kg|kilos|lbs|pounds|metric|imperial)"
    r"|(?:don't|do not) (?!forget)\w+"
    r"|keep (?:your|it|answers)|(?:answer|talk|speak|reply)"
)
HEALTH: Final = _phrases(
    r"injur(?:y|ies|ed)|pain|allerg(?:y|ic|ies)|surgery|asthma|diabet\w+|doctor|pregnant|heart|condition"
    r"|important|must"
)
ABOUT_THE_COACH: Final = _phrases(r"you|your|yourself|call me|coach")

PROGRESS: Final = _phrases(
    r"progress(?:ing)?|how (?:am i|have i been) doing|(?:am|have) i (?:\w+ )?improv(?:ing|ed)",
    r"am i (?:\w+ )?(?:stronger|faster|better|plateau\w*)",
    r"getting (?:any )?(?:stronger|faster|fitter|better)|on track|trends?|stats|compared? (?:to|with)"
    r"|how far (?:have i|i've) come",
)
_CHEERS = "👍🙏💪🙌❤"
ACKNOWLEDGMENT: Final = re.compile(
    # possessive throughout: a long row of thanks that ends otherwise must not be tried in every way
    rf"^[^\w{_CHEERS}]*+(?:(?:thanks?|you're|your|you|thx|ty|cheers|okay|ok|k|great|cool|nice|awesome|perfect"
    r"|got it|sounds good|good|will do|yes|yep|yeah|sure|alright|all|right|understood|makes sense"
    r"|no problem|love it|amazing|so much|a lot|very much|very|that|really|for|the|helps?|coach|everything"
    rf"|[{_CHEERS}])\W*+)++$",
    re.IGNORECASE,
)
QUESTION_START: Final = re.compile(
    r"^\W*(?:(?:hey|hi|hello|so|and|but|ok(?:ay)?|coach)\W+)*(?:what|how|why|when|where|who|which|should|can|could|is|are|am"
    r"|do|does|did (?=i|you|we|my|it|that)|will|would|tell me|explain|help me|show me"
    r"|any (?:tips|advice|ideas)|suggest|recommend"
    r"|give me)\b",
    re.IGNORECASE,
)
PAST: Final = _phrases(
    r"last (?:time|week|month|session|workout|year|night)|yesterday|previous(?:ly)?|before(?=\W*$)|earlier"
    r"|remember|recent(?:ly)?",
    r"did (?:i|we)|have i|i(?:'ve| have)"
    r"|my (?:usual|last|best|prs?|max|history|logs?|goals?|injury|workouts?|sessions?|stats)",
    r"again|since|ago|so far|we (?:talked|discussed|said)|you (?:said|told|suggested|recommended|gave)"
    r"|in the past|was i",
)
PERSONAL: Final = _phrases(
    r"my (?!form|technique|squat|bench|deadlift|press|row|stance|grip|posture|depth|breath)\w+",
    r"(?:(?<!how )do|am|was|had) i|can i train",
    r"(?:about|for|of) me|know me|i told|i said|i mentioned",
)
TECHNIQUE: Final = _phrases(
    r"form|technique"
    r"|how (?:do|should|can|to) (?:i )?(?:squat|bench|deadlift|press|run|swim|row|lift|do|perform|breathe)"
    r"|cues?|stance|grip|posture|depth|breath(?:e|ing)"
)
METHODOLOGY: Final = _phrases(
    r"programs?|programmes?|plans?|periodi[sz]ation|splits?|deload|hypertrophy|progressive overload|rpe"
    r"|5/3/1|zone 2"
    r"|volume|routine|how (?:many|often)|sets and reps|why"
)
PLANNING: Final = _phrases(
    r"plans?|program(?:me)?s?|schedule|routine|periodi[sz]ation|prepare|weeks? (?:out|plan)"
)
EMOTION: Final = _phrases(
    r"frustrat\w+|stress(?:ed)?|anxious|depressed|overwhelmed|sad|angry|scared|worried|give up"
    r"|burn(?:ed|t) out|hopeless"
)
INJURY: Final = _phrases(
    r"injur(?:y|ies|ed)|pain(?:ful)?|hurts?|sprain\w*|strain(?:ed)?|swollen|torn|surgery"
)
_STOP_WORDS: Final = """
    about after again always because before being below could doing during every going having itself just like
    more most much other really should since some still such than that their there these they thing things
    think this those through today tomorrow under until very want what when where which while will with would
    yesterday your yours
"""
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())
