#!/usr/bin/env python3
"""Every C file of the build is compiled with the project's warnings, and warnings are errors.

warnings.py COMPILE_COMMANDS_JSON"""
import json
import sys

WANTED = ["-Wall", "-Wextra", "-Wshadow", "-Wvla", "-Wmissing-prototypes", "-Werror"]

with open(sys.argv[1], encoding="utf-8") as file:
    commands = json.load(file)
bad = 0
sources = 0
for entry in commands:
    if not entry["file"].endswith(".c"):
        continue
    sources += 1
    words = entry["command"].split()
    missing = [flag for flag in WANTED if flag not in words]
    missing += [word for word in words if word in ("-w", "-Wno-error")]
    if missing:
        print(f"{entry['file']}: compiled without, or against, {' '.join(missing)}")
        bad += 1
if not sources:
    print("no C file in the build")
    sys.exit(1)
print(f"{sources} C files, {bad} without the warnings")
sys.exit(1 if bad else 0)
