"""For every test: the key of a store under test is a file beside it, never in the keyring of whoever runs the tests."""

import os

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
