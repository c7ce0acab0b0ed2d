r"""Values that say by their own form that they are none: what stands for a value, or points to something else.

@SYSTEMD_ASK_PASSWORD@  #{info[:pass]}  @env:AC_PASSWORD    filled in when the program is built or runs
@config.password  #send_request  #31902                     a variable, a method, a ticket
::ffff:198.51.100.215:60495                                 an address
13.0.0-next-8.29                                            a version
/etc/pki/tls/certs/localhost.key                            a file that has one
Definovan\u00e9                                              a word of another language, in escapes
"""

from __future__ import annotations

import re

from egress_proxy.scan.random_text import random_score

_LONGEST = 200
_FORMS = (
    r"@[A-Z]{2,40}(?>_[A-Z0-9]{1,40}){0,8}@",
    r"@(?:env|file):[\w./-]+",
    r"(?>#\{[^{}\n]*\}[-:/]?){1,8}(?:\\{0,2}n)?",
    r"@{1,2}[a-z]+(?>[._][a-z]+)+[?!]?",
    r"#\d{1,6}",
    r"#[a-z]+(?>_[a-z]+)*[?!]|#[a-z]+(?>_[a-z]+)+",
    r"-[A-Za-z]{2,40}:\$\w+",
    # An escape of a stylesheet, an error of HTTP, the end of a line of a string, what a test came to.
    r"\\[ef][0-9a-f]{3}|[1-5]\d\d_[A-Z]+(?>_[A-Z]+)*|[A-Za-z]+\\n\d{1,2}|\?[A-Z]{3,12}",
    # Addresses of machines, and of parts of them.
    r"(?=[0-9a-f:]*::|(?>[0-9a-f]{1,4}:){5})(?>[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?>(?:\d{1,3}\.){3}\d{1,3})?(?::\d{1,5})?",
    r"[v^~]?\d{1,5}\.\d{1,5}\.\d{1,5}-(?:alpha|beta|canary|dev|next|nightly|pre|preview|rc|snapshot)(?>[.-]?\d{1,9})*",
    r"(?:/[\w.@+-]+){2,12}\.(?:key|pem|crt|cert|cer|p12|pfx|jks)",
    # Names of constants, classes, resources, members of a form, files.
    r"\\?[A-Z]\w{0,40}(?:\\[A-Z]\w{0,40}){0,6}::[A-Z][A-Z0-9_]{2,40}|[A-Z][A-Za-z]+(?:\\[A-Z][A-Za-z]+){2,6}\d?:?",
    r"[a-z]+(?:_[a-z]+){1,8}_v\d|[a-z]+(?>_[a-z]+)*\[[a-z_]+\]|\[[A-Za-z][A-Za-z_ -]{2,30}\]?|_{0,2}wbg_\w+",
    r"[a-z]+(?>[_-][a-z]+)*\.(?:ya?ml|json|toml|ini|txt|pem|env|conf|cfg|xml|php|py|rb|js|ts|crt)",
    r"(?>[a-z_/-]+)\.(?:php|html?|aspx?|jsp|cgi)(?:\?[a-z_]+=[a-z_&=]+)?",
    # Ciphers that are left out, a number of a program, sources of a measure, what stands between two strings of code.
    r"![A-Z0-9]{2,8}(?::!?[A-Z0-9]{2,12}){0,20}(?:@STRENGTH)?|\+[A-Z0-9]{2,8}(?::\+[A-Z0-9.-]{2,20}){2,20}|0x[0-9a-fA-F]{1,8}(?:[A-Za-z]|,?\\n)?|[A-Z]{3,12}(?::[0-9U]{1,9}){2}",
    r"[:?]?\d{0,4}[!=]==?[\w$.\[\]=!?:&|]{1,60}[?:=+]",
    # What a shell, a program or a formatter fills in, what an event of a window and a region of a cloud are called.
    r"//\$\{?\w+\}?(?:/[\w$.-]*)*|\$[a-z]+(?:-[a-z]+){1,4}|'\$\w+'",
    r"[ \t]*\.[ \t]*\$\w+(?:(?:->|\[)[\w'\]\[>-]*)?[ \t]*\.[ \t]*",
    r"[ \t]+\$\$?\w+[ \t]+|\$[A-Za-z_]\w*(?:[ ][\w=,./:-]+){1,12}|[A-Za-z]+=?%[sdiu]",
    r"(?:\\f[A-Z]){1,3}\\s-\d[A-Z_]+\\s0\\fR",
    r"@[a-z_*]+(?:\([^()]*\))?:[a-z]+\d?(?:-[a-z]+)*",
    r"(?:us|eu|ap|sa|ca|me|af)-(?:gov-)?(?:(?:north|south)?(?:east|west)|north|south|central)-\d",
    r"\*[a-z]_\w{2}\*|[a-z]{4,16}=\d{1,2}\.\d{1,2}|[A-Z]+(?>_[A-Z]+)*_(?:SHA|MD|AES)_?\d{1,4}|\d{1,5},\\n",
    r"(?:secret|password|token|key)[-_ ]value|pass(?:word|phrase)[\\+*:.,]{1,2}|[a-z]{2,20}\?[a-z]{1,20}=[\w=&%.-]+",
    r"[A-Za-z]+&(?:[A-Za-z]?(?:acute|grave|circ|uml|cedil|tilde)|szlig|aelig|oelig|nbsp)[A-Za-z;]*",
    r"!!\w+(?:\.\w+){1,4}(?:\),?\w{0,3}&&)?|&\#\d{2,4}",
    # Members of objects, the end of a switch that is off.
    r"(?:props|options|config|self|this|state|args|opts|params)\.[A-Za-z_]\w*|[a-z-]+(?:\.\w+){2,6}\#[a-z][A-Za-z]+|![01][})\]]+[a-z]*",
    # What is asked for, `Password:`, in base64.
    r"UGFzc3dvcmQ6|VXNlcm5hbWU6",
    # Times, tokens of addresses, names of namespaces and of devices.
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?",
    r"(?:static|prefixstable|eui64)(?::[0-9a-f:]+)?",
    r"https?://(?:www\.w3\.org|schemas\.[\w.-]+|docs\.oasis-open\.org)/[\w./\#-]*",
    r"(?:usb|pci)-[0-9a-f:.]{4,16}-[\d.]+(?:/input\d{1,3})?",
    # Variables of Perl, Lua and PHP between strings, classes, what a sudoers file and an expression name, entities.
    r"\\[%@$&]\w+|[\"' ]*\.[ ]*\$\w+[\[);, ]*|[\"' ]*\.\.[ ]*\w+(?:[ ]*\.\.[\"' ]*)?|[A-Z]\w*(?:::[A-Za-z]\w*){1,8}",
    r"/(?:usr|etc|var|opt|dev|proc|s?bin|lib)/[\w./~+@-]{2,100}|\^[A-Za-z_]+\$?|.*(?:A-Za-z|a-zA-Z).*|\d{1,3}\\-[a-z]+",
    r"(?:&(?:quot|amp|lt|gt|apos|nbsp);?|[-_.,:;*]){2,12}|X{3}_[A-Z_]+_X{3}\d?|[A-Z]{2,}(?:_[A-Z]{2,})*_IPv[46]",
    r"[A-Za-z]+(?:Keys|Tokens|Secrets|Passwords|Credentials)|KGS!@\#\$%",
    # Sizes of integers, items that are watched, decorators, private members, ends of words in a manual page.
    r"_{0,2}U?INT\d{1,2}_C|in \d+(?:,\d+)*|[a-z]+(?:\.[a-z0-9_]+)+\[[^\[\]\n]*\]|@[a-z]{4,20}|(?:this|self)\.\#\w+",
    r"(?:\d+|[a-z]+)\\f[RPIB]\W?(?:[^\x00-\u02ff].*)?|\\s-\d\w+\\s0|&lt;.*&gt;|[,;]?\$\w+=|INBOX\?[A-Z].*",
    # What a program prints: words with what is filled in, the end of a line behind a number. Members, roles of reST.
    r"(?:[^\W\d_]{2,40}[:.!?]?)?(?:\\[nrt]|%[-+.\d]{0,6}l{0,2}[sdiufxc]|[ \t]){1,12}|\d{1,6}(?:\\[nr]){1,2}.*",
    r"!{1,2}[A-Za-z_$]+(?:\??\.[A-Za-z_$]+){1,4}|[A-Za-z_$]+(?:\?\.[A-Za-z_$]+){1,4}|~\.?[A-Za-z_]+(?:[._][A-Za-z_]+)*",
    # Ids of packages, resources of archives.
    r"[A-Za-z][A-Za-z0-9-]*-\d+(?:\.\d+){1,4}-[0-9A-Za-z]{20,24}|META-INF/[\w./-]+|__[a-z]+(?:_[a-z]+)*__",
    # Files with a key, what is asked of a server, switches, a variable that is set, calls, comments, standards.
    r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*\.(?:pem|crt|cer|der|p12|pfx|jks|pub|asc|gpg)",
    r"/?[a-z_/-]+\.(?:lua|pl|do)\?[a-z_]+=\w{1,8}",
    r"[a-z]+(?:[A-Z][a-z]+)+=\d|[A-Z][A-Z0-9_]*=\$\w+|[A-Z][A-Za-z]+\(|\#[ ]?[A-Z][a-z]+(?:[ ][\w'.,-]+){3,}",
    r"PKCS\#\d{1,2}|100-[Cc]ontinue",
    r"[a-z0-9]+(?:-[a-z0-9]+){1,5}-only",
    r"(?:[A-Za-z]+[ ])+[A-Za-z]+&(?:[A-Za-z](?:acute|grave|circ|uml|cedil|tilde)|szlig);[a-z]*",
    # Attributes by which directories keep passwords and keys.
    r"userPassword|unicodePwd|authPassword|samba(?:LM|NT)Password|krbPrincipalKey|user(?:PKCS12|SMIMECertificate)",
    # Ends of expressions, what a template fills in, names of settings, text that is quoted for an address.
    r"[a-z]+\\\.\$?|[\w:/.-]{0,40}\$\{[^{}\n]{1,80}\}[A-Za-z:/._-]{0,40}|\?\{[a-z0-9]{2,12}:[^{}\s]{1,120}\}|b64(?:enc|dec)",
    r"\#?[a-z]+(?>_[a-z]+)*:|SYSTEM\$[A-Z_]+|[a-z]+(?:%20[a-z]+){2,12}|\*THISISNOTAVALIDPASSWORD[A-Z]*",
    r"s=![01]\}=\w|(?=[^ ]* )\W+|[a-z]{2,8}=\d{1,3}(?:\.\d{1,3}){3}",
)
_REFERENCE = re.compile("|".join(f"(?:{form})" for form in _FORMS))
_ESCAPES = re.compile(r"\\u(?:00[c-fC-F]|0[1-9a-fA-F][0-9a-fA-F]|[1-9a-fA-F][0-9a-fA-F]{2})[0-9a-fA-F]")
# Public keys in hexadecimal: of RSA, of any kind with its name, of PGP.
_PUBLIC = re.compile(
    r"3082[0-9a-f]{4}0282[0-9a-f]{4}00|3081[0-9a-f]{2}0281[0-9a-f]{2}00|3082[0-9a-f]{4}300d06092a864886f70d010101"
    r"|30819f300d06092a864886f70d010101|3059301306072a8648ce3d0201|302a300506032b6570|9(?:8[0-9a-f]{2}|9[0-9a-f]{4})04[0-9a-f]{8}01",
    re.IGNORECASE,
)
_DOTTED = re.compile(r"(?=[^_]*_)[a-z]{2,16}(?:\.[a-z0-9_]{2,32}){2,6}")  # `aws.s3.bucket_size_bytes`
_RANDOM = 0.52
_WORDS = re.compile(r"[A-Za-z]+(?>[ -][A-Za-z]+){0,8}")
# A member of an object, and what is taken where it is not set.
_OR_ELSE = re.compile(r"[A-Za-z_$][\w$]{0,40}(?:\??\.[A-Za-z_$][\w$]{0,40}){1,5}(?:\|\||&&)[\w!.$]")
_PLACEHOLDER = re.compile(
    r"(?:.*[ _-])?(?:REDACTED|MASKED)(?:[ _-].*)?|[a-z]{1,8}[-_]your[-_]?(?:api)?[-_]?(?:key|token)"
    r"|(?:test|fake|dummy|mock|sample|demo)[-_ ](?:api[-_ ]?|auth[-_ ]?|access[-_ ]?|client[-_ ]?)?(?:key|token|secret)"
    r"|FAKE|DUMMY|MOCK(?:ED)?|(?P<one>[A-Za-z])(?P=one){2,}",
    re.DOTALL,
)
_CHOSEN = re.compile(
    r"(?:choose|enter|insert|put|set|use|change|replace)[_-](?:a|an|your|the|this|me|some)(?:[_-][a-z]+){0,6}"
    r"[_-](?:key|password|passphrase|secret|token|value)|(?:[a-z]+_)?change[_-]?me"
)


def is_reference(text: str, start: int, end: int) -> bool:
    """Whether text[start:end], a value, stands for something else, by its form."""
    if _OR_ELSE.match(text, start, end) or _PUBLIC.match(text, start, end):
        return True
    if end - start > _LONGEST:
        return False
    value = text[start:end]
    if _DOTTED.fullmatch(value) and random_score(value) < _RANDOM:
        return True
    return any(form.fullmatch(value) for form in (_REFERENCE, _PLACEHOLDER, _CHOSEN)) or _foreign(value)


def _foreign(value: str) -> bool:
    """Whether it is letters, some of which are not ASCII and written as escapes."""
    plain, escapes = _ESCAPES.subn("e", value)
    return escapes > 0 and _WORDS.fullmatch(plain) is not None
