"""What keys look like: the same for what is logged and for what is sent."""

_MIXED = r"sk-|xai-|csk-|nvapi-|pplx-|glpat-|GOCSPX-|xox[abeprs]-|xapp-|AIza|ya29\.|1//|github_pat_|tgp_v1_"
"""OpenAI, Anthropic, OpenRouter, DeepSeek; xAI, Cerebras, NVIDIA, Perplexity, GitLab, Google (client secret, key,
access and refresh token), Slack, GitHub, Together: letters, digits, dashes, underscores."""

_PLAIN = r"gsk_|hf_|pplx_|fw_|npm_|pypi-|gh[pousr]_|[rs]k_(?:live|test)_|whsec_|AKIA|ASIA"
"""Groq, Hugging Face, Perplexity, Fireworks, npm, PyPI, GitHub, Stripe, AWS: letters and digits only, so that names in
code which begin so (`hf_hub_download`) are none."""

_JWT = r"eyJ[A-Za-z0-9_\-]{4,2000}\.[A-Za-z0-9_\-]{4,2000}(?:\.[A-Za-z0-9_\-]{0,2000})?"
_SENDGRID = r"SG\.[A-Za-z0-9_\-]{16,200}\.[A-Za-z0-9_\-]{16,200}"

PRIVATE_KEY = r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?P<body>.*?)(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
"""A PEM block, with `re.S`; one that was cut reaches to the end."""


def key_pattern(least: int, also: str = "") -> str:
    """A pattern for keys with at least so many characters behind their first ones; `also` may stand in them too."""
    mixed = rf"(?:{_MIXED})[A-Za-z0-9_\-{also}]{{{least},}}"
    return rf"(?<![A-Za-z0-9])(?:{mixed}|(?:{_PLAIN})[A-Za-z0-9]{{{least},}}|{_JWT}|{_SENDGRID})"
