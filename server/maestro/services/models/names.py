"""Model strings, taken apart."""


def split_first_slash(text: str) -> tuple[str, str]:
    """`a/b/c` -> (`a`, `b/c`); without anything behind a slash the whole is the model: `x` -> (``, `x`)."""
    provider, _, model = text.partition("/")
    return (provider, model) if model else ("", provider)
