"""What people talk to a coach about: how a topic is recognised, and sane stock advice for it."""

import re
from dataclasses import dataclass
from typing import Final, Literal

type WorkoutType = Literal["strength", "cardio", "flexibility", "skill", "competition", "recovery", "hybrid"]


@dataclass(frozen=True, slots=True)
class Topic:
    """`name` reads well before "sessions", `talk` after "about"; `workout_type` is for what one trains."""

    name: str
    talk: str
    pattern: re.Pattern[str]
    advice: tuple[str, str, str, str]
    workout_type: WorkoutType | None = None


def _topic(
    name: str, words: str, *advice: str, talk: str | None = None, trains: WorkoutType | None = None
) -> Topic:
    first, second, third, fourth = advice
    pattern = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    return Topic(name, talk or name, pattern, (first, second, third, fourth), trains)


TOPICS: Final = (
    _topic(
        "warning signs",
        r"chest pains?|faint(?:ed|ing)?|passed out|can't breathe|numb(?:ness)?|dizz(?:y|iness)",
        "**Stop training** and call a doctor now, or emergency services where it is sudden or strong",
        "Do not drive yourself, and do not stay alone with it",
        "Write down when it began and what you were doing; it helps whoever examines you",
        "Come back to training only once a professional has said that you may",
        talk="these signs",
    ),
    _topic(
        "knee",
        r"knees?",
        "Keep to ranges that stay **under 3 out of 10** for pain, during and the day after",
        "Train around it: box squats, step-ups and hip hinges are often easier on a knee",
        "Add slow, controlled work for quads and hips two or three times a week",
        "See a physiotherapist when it swells, locks, gives way or is no better in two weeks",
        talk="your knee",
    ),
    _topic(
        "back",
        r"(?:lower |upper |bad )?back (?:pain|hurts?|injury|ache|is (?:sore|tight|stiff))|bad back|my back"
        r"|disc",
        "Keep moving gently; walking usually helps a back more than lying down",
        "Use loads that you can brace well for, and leave **two or three reps** in reserve",
        "Swap what provokes it for a variation that does not, and build from there",
        "See a professional soon for pain that runs down a leg, numbness or weakness",
        talk="your back",
    ),
    _topic(
        "shoulder",
        r"shoulders?|rotator cuff",
        "Press at angles that do not pinch; neutral grips and a slight incline are good starts",
        "Do about **twice as much pulling as pressing** for a few weeks",
        "Warm up with light rows, face pulls and slow external rotations",
        "Have it looked at when it wakes you at night or you cannot lift the arm",
        talk="your shoulder",
    ),
    _topic(
        "injury",
        r"injur(?:y|ies|ed)|hurts?|pain(?:ful)?|sprain(?:ed)?|strain(?:ed)?|sore(?:ness)?|ach(?:e|es|ing)",
        "Tell apart ordinary soreness, which fades as you warm up, from pain that **sharpens**",
        "Reduce load and range before you stop altogether, and keep what does not hurt",
        "Give it two easy days, then test it with half of your usual work",
        "See a physiotherapist when it is not clearly better within two weeks",
        talk="what hurts",
    ),
    _topic(
        "squat",
        r"squats?|squatt(?:ed|ing)",
        "Brace before you descend, and keep the **whole foot** on the floor all the way",
        "Let knees and hips bend together, and stop where your back keeps its shape",
        "Work mostly in sets of 3 to 8 with one to three reps in reserve",
        "Add the smallest plates you have when every rep of the last session looked alike",
        trains="strength",
        talk="squats",
    ),
    _topic(
        "bench press",
        r"bench(?:ed|ing)?(?: press(?:es|ed)?)?",
        "Pull the shoulder blades back and down, and keep them there for the **whole set**",
        "Touch the same point of the chest each time, with forearms upright",
        "Press two or three times a week and vary the reps between sessions",
        "Row as much as you press; it keeps shoulders content",
        trains="strength",
        talk="the bench press",
    ),
    _topic(
        "deadlift",
        r"deadlift(?:s|ed|ing)?|rdls?|hip hinges?",
        "Set the bar over the **middle of the foot** and take out its slack before you pull",
        "Push the floor away, and keep the bar close enough to brush your legs",
        "Do few heavy sets; most people recover well from four to ten a week",
        "End a set at the first rep that changes shape",
        trains="strength",
        talk="deadlifts",
    ),
    _topic(
        "overhead press",
        r"overhead press(?:es|ed)?|ohp|military press|push press(?:es)?|pressed",
        "Squeeze glutes and abs so that the ribs stay **down** under the bar",
        "Move your head through once the bar has passed it",
        "Small steps count here: add half a kilo or a rep at a time",
        "Practise it fresh, early in the session",
        trains="strength",
        talk="the overhead press",
    ),
    _topic(
        "pull-up",
        r"pull[- ]?ups?|chin[- ]?ups?|muscle[- ]?ups?|lat pulldowns?",
        "Begin every rep from a **dead hang** with the shoulders set",
        "Collect reps in many small sets rather than a few that fail",
        "Use slow lowering or a band where full reps are not there yet",
        "Practise three times a week; grip and pattern come with frequency",
        trains="strength",
        talk="pull-ups",
    ),
    _topic(
        "strength",
        r"lift(?:s|ed|ing)?|weights?|dumbbells?|push[- ]?ups?|dips?|rows|barbells?|kettlebells?"
        r"|curl(?:s|ed)?|lunges?|planks?|gym"
        r"|strength|strong(?:er)?|hypertrophy|muscles?",
        "Build sessions on a squat, a hinge, a push and a pull; add **details last**",
        "Do 10 to 15 hard sets a muscle each week, spread over two or three days",
        "Leave one to three reps in reserve on most sets",
        "Write down what you did, so that next time has something to beat",
        trains="strength",
        talk="strength work",
    ),
    _topic(
        "running",
        r"runs?|ran|running|runners?|jog(?:s|ged|ging)?|5k|10k|sprints?|treadmill|intervals",
        "Keep about **four runs of five easy** enough to talk in whole sentences",
        "Raise weekly distance in small steps, with a lighter week every fourth",
        "Add one faster session: short hills or intervals, well warmed up",
        "Two short strength sessions a week make legs far more patient",
        trains="cardio",
    ),
    _topic(
        "cycling",
        r"cycl(?:e|ed|ing)|bik(?:e|ed|ing)|rides?|rode|spin class|ftp",
        "Ride most hours at a pace where you could **chat**, and keep hard days hard",
        "Set saddle height so that the knee stays slightly bent at the bottom",
        "Eat on rides over ninety minutes before you feel that you must",
        "Two interval sessions a week are plenty",
        trains="cardio",
    ),
    _topic(
        "swimming",
        r"swims?|swam|swimming|freestyle|breaststroke|laps",
        "Buy speed with **technique** first: long body line, quiet kick, early catch",
        "Swim short repeats with rest rather than one tired hour",
        "Breathe out under water the whole time, so that breathing in is brief",
        "Three visits a week keep the feel for the water",
        trains="cardio",
    ),
    _topic(
        "cardio",
        r"row(?:ed|ing)|rower|walk(?:s|ed|ing)?|hik(?:e|ed|es|ing)|steps|elliptical|cardio|zone 2|vo2 ?max",
        "Make it regular before you make it hard; **thirty minutes** on most days goes far",
        "Stay at a pace where talking is easy for the bulk of it",
        "Put one harder effort a week on top once the habit stands",
        "Track time, not only distance: hills and wind lie",
        trains="cardio",
    ),
    _topic(
        "mobility",
        r"yoga|stretch(?:es|ed|ing)?|mobility|flexib(?:le|ility)|pilates|splits",
        "Ten minutes on **most days** beat an hour on Sundays",
        "Breathe out slowly into each position and leave force out of it",
        "Use new range at once with light, controlled strength work",
        "Hold long stretches after training rather than before it",
        trains="flexibility",
    ),
    _topic(
        "skill practice",
        r"handstands?|climb(?:s|ed|ing)?|boulder(?:s|ed|ing)?|boxing|sparr(?:ed|ing)|tennis|drills"
        r"|gymnastics",
        "Practise **fresh and briefly**, and stop while attempts are still good",
        "Change one thing at a time and film a try now and then",
        "Spread it over the week; skills settle between sessions",
        "Keep a little strength work for the joints that carry it",
        trains="skill",
        talk="your practice",
    ),
    _topic(
        "conditioning",
        r"crossfit|hiit|amrap|emom|metcon|wod|circuits?|hyrox|bootcamp",
        "Pick a pace for the first round that you can **repeat in the last**",
        "Choose loads that you could move well when tired",
        "Two or three hard sessions a week are enough beside strength work",
        "Rest a full day after the ones that floor you",
        trains="hybrid",
    ),
    _topic(
        "competition",
        r"competition|compete[ds]?|race[ds]?|racing|tournament|powerlifting meet|marathon|triathlon|ironman",
        "Count back from the day: last big effort **ten to fourteen days** before",
        "Cut volume by half in the final week, and keep a little intensity",
        "Rehearse clothes, breakfast and warm-up; change nothing on the day",
        "Start slower than you feel, and decide the rest after the first third",
        trains="competition",
        talk="your competition",
    ),
    _topic(
        "recovery",
        r"recover(?:y|ing|ed)?|rest(?:ing)? days?|foam roll(?:ed|ing)?|sauna|massage|ice bath|deload|tired"
        r"|exhausted"
        r"|overtrain(?:ed|ing)?|fatigued?|burn(?:ed|t) out",
        "Sleep and food do **most of the work**; gadgets do the rest",
        "Keep easy days truly easy: a walk, some mobility, nothing to prove",
        "Take a lighter week after three to five hard ones",
        "Drop a set everywhere when two sessions in a row go backwards",
        trains="recovery",
    ),
    _topic(
        "sleep",
        r"sleep(?:s|ing)?|slept|insomnia|bedtime|naps?",
        "Keep the **same rising time**, weekends too; bedtime follows by itself",
        "Leave eight hours between the last coffee and the pillow",
        "Dim light and screens in the last hour, and keep the room cool",
        "After a bad night train lighter rather than not at all",
    ),
    _topic(
        "nutrition",
        r"protein|nutrition|diet(?:s|ing)?|eat(?:s|ing)?|ate|food|meals?|calories?|carbs?|creatine|macros"
        r"|hydrat(?:ed|ion)"
        r"|vegan|vegetarian",
        "Aim for about **1.6 g of protein** per kilo of body weight a day, over three or four meals",
        "Eat carbohydrates around the sessions that matter most",
        "Fill half of most plates with vegetables and fruit",
        "Change one habit a week and keep those that hold",
    ),
    _topic(
        "body weight",
        r"weight loss|los(?:e|ing) (?:\w+ )?(?:weight|fat|kilos|kg|pounds|lbs)|bulk(?:ing)?|cutting"
        r"|body ?fat|gain(?:ing)? weight",
        "Judge by the **weekly average** on the scale; single days mean little",
        "Aim to change by half a percent of body weight a week",
        "Keep lifting and keep protein high, so that what goes is not muscle",
        "Plan the meal that usually goes wrong, and leave the others alone",
        talk="your weight",
    ),
    _topic(
        "training plan",
        r"plans?|program(?:me)?s?|routines?|schedules?|splits?|periodi[sz]ation|5/3/1|progressive overload"
        r"|rpe|volume",
        "Begin with the days that you can **truly keep**, and fill those well",
        "Progress one thing at a time: load, reps or sets",
        "Keep a plan for at least six weeks before you judge it",
        "Put the lift that matters most first in the week and in the session",
        talk="your plan",
    ),
    _topic(
        "motivation",
        r"motivat(?:ed|ion|e)|discipline|lazy|consisten(?:t|cy)|habits?|stress(?:ed)?|anxious|overwhelmed"
        r"|give up|bored",
        "Make the first step **laughably small**: shoes on, ten minutes, then decide",
        "Tie training to something that you do anyway, at the same time of day",
        "Count the weeks in which you showed up, not the records",
        "Tell one person what you will do tomorrow",
    ),
)

GENERAL: Final = _topic(
    "training",
    "training",
    "Choose **two or three** sessions a week that you can keep even in bad weeks",
    "Train the whole body, leave a little in reserve, and add slowly",
    "Walk daily, sleep enough, eat protein with every meal",
    "Write down what you do; it is the cheapest coach there is",
)


def topics_in(text: str) -> tuple[Topic, ...]:
    """Return the topics that a text touches, in the order of their mention; warning signs before all."""
    found = ((match.start(), topic) for topic in TOPICS if (match := topic.pattern.search(text)))
    return tuple(topic for _, topic in sorted(found, key=lambda pair: (pair[1] is not TOPICS[0], pair[0])))
