import os
import sys

# Images for containers often say that no bytecode is to be written. Then each process that a test starts would compile
# all modules anew, which takes longer than what it is started for, and each of pytest's workers all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
