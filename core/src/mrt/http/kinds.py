"""What kind of error a vendor means, from its codes and words.

One table for all vendors. Codes are compared in lower case without other characters than letters and digits; patterns
are searched in the message. The first kind that fits counts.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

Kind = Literal[
    "banned",
    "quota",
    "rate",
    "context",
    "filter",
    "model",
    "authorization",
    "timeout",
    "overloaded",
    "request",
    "server",
]

_TABLE: tuple[tuple[Kind, str, str], ...] = (
    ("banned", "banned", r"temporarily banned|banned temporarily|too many failed attempts"),
    (
        "quota",
        "insufficientquota insufficientuserquota insufficientbalance insufficientcredits quotaexceeded arrearage "
        "billinghardlimitreached billingnotactive billingerror accountdeactivated paymentrequired exceededcurrentquota",
        r"exceeded your current quota|insufficient[ _](?:account )?(?:quota|balance|credits?|funds)|billing"
        r"|credit balance is too low|out of credits?|payment required",
    ),
    (
        "rate",
        "ratelimitexceeded ratelimiterror ratelimited ratelimit toomanyrequests throttling throttled "
        "throttlingexception resourceexhausted requestlimitexceeded",
        r"rate[ _-]?limit|too many requests|throttl|(?:tokens?|requests?) per[ -]?(?:second|min|minute|hour|day)"
        r"|per-minute|\b[tr]p[md]\b|too many tokens, please wait|concurrency limit",
    ),
    (
        "context",
        "contextlengthexceeded contextwindowexceeded modelmaxprompttokensexceeded prompttoolong inputtoolong "
        "exceedcontextsizeerror maxtokenslimitexceeded stringabovemaxlength",
        r"(?:maximum|max|model'?s?|configured|available) context|context (?:length|window|size|limit)s? "
        r"(?:is|of|exceeds?)|exceeds? (?:the )?context|(?:prompt|input|message|text|request|content)s? "
        r"(?:is|are|was) too long|prompt .{0,60}longer than|max_model_len"
        r"|(?:maximum|allowed) (?:number of )?(?:input )?tokens|exceed(?:s|ed)? (?:the )?(?:model'?s? )?"
        r"(?:max(?:imum)? )?(?:token limit|max(?:imum)? length|number of tokens)|too many tokens"
        r"|reduce the length of the (?:messages|prompt|input)|range of input length|must have less than \d+ tokens"
        r"|tokens \+ `max_new_tokens`|context the overflows",
    ),
    (
        "filter",
        "contentfilter contentfiltered contentpolicyviolation contentpolicyerror datainspectionfailed "
        "responsibleaipolicyviolation contentmoderation moderationblocked safety",
        r"content (?:management )?(?:policy|filter)|content_(?:policy|filter)|safety system|inappropriate content"
        r"|sensitive (?:content|words?)|data inspection|(?:prompt|input|output|content) (?:was|is|has been) "
        r"(?:flagged|blocked)|responsible ai",
    ),
    (
        "authorization",
        "invalidapikey incorrectapikey apikeyinvalid authenticationerror authenticationfailed invalidauthentication "
        "unauthorized unauthenticated permissionerror permissiondenied forbidden accessdenied invalidtoken",
        r"(?:invalid|incorrect|wrong|missing|expired|no) (?:api|access|auth)[ _-]?(?:key|token)"
        r"|api[ _-]?key (?:is )?(?:not valid|invalid|missing|not found|has expired|is disabled)|unauthori[sz]ed"
        r"|authentication|not authori[sz]ed|permission denied|not enough permissions|access denied"
        r"|validate credentials",
    ),
    (
        "model",
        "modelnotfound modelnotfounderror modelnotexist modelnotavailable invalidmodel unknownmodel deploymentnotfound",
        r"\bmodel\b[^.]{0,160}?(?:not (?:found|exist|available|loaded|launched)|unknown|does not exist|doesn't exist"
        r"|no longer available|is not a valid)|(?:no such|unknown|unsupported|invalid) model"
        r"|no model (?:named|called|with)",
    ),
    (
        "timeout",
        "timeout timeouterror requesttimeout deadlineexceeded gatewaytimeout",
        r"timed? ?out|deadline exceeded",
    ),
    (
        "overloaded",
        "overloaded overloadederror engineoverloaded serviceunavailable serviceunavailableerror unavailable serverbusy",
        r"overloaded|(?:server|engine|service|model) is (?:currently |temporarily )?(?:busy|overloaded|unavailable)"
        r"|at capacity|try again later",
    ),
    (
        "request",
        "invalidrequesterror invalidrequest invalidparameter invalidparametererror invalidargument invalidparameters "
        "badrequest badrequesterror validationerror valueerror missingrequiredparameter unsupportedparameter "
        "unsupportedvalue unsupportederror notsupported unprocessableentity",
        r"invalid (?:request|parameter|value|argument|input|params)|(?:is|are|does|do) not support|unsupported|must be"
        r"|is required|not allowed|extra inputs|unrecognized|validation error",
    ),
    ("server", "servererror internalservererror internalerror apierror", r"internal (?:server )?error"),
)

_OTHER = re.compile(r"[^a-z0-9]")


@cache
def _kinds() -> tuple[tuple[Kind, frozenset[str], re.Pattern[str]], ...]:
    # Compiled at the first error, which many programs never meet.
    return tuple((kind, frozenset(codes.split()), re.compile(words, re.IGNORECASE)) for kind, codes, words in _TABLE)


def kind_of(codes: tuple[str, ...], message: str) -> Kind | None:
    """Return the kind of an error; None when neither a code nor a word is known.

    A code that says something particular wins over words, and words win over codes that vendors use for everything.
    """
    known = {_OTHER.sub("", code.lower()) for code in codes}
    by_code: list[Kind] = [kind for kind, names, _ in _kinds() if known & names]
    if by_code and by_code[0] not in ("request", "server"):
        return by_code[0]
    by_words: list[Kind] = [kind for kind, _, words in _kinds() if words.search(message)]
    found = by_words or by_code
    return found[0] if found else None
