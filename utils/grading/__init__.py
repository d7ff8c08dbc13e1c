"""
Grades a class: `python3 -m utils grade FOLDER`.

What data does goes down: `klass` runs through the submissions that `submissions` finds; `marking` marks one: it asks a `student`
process, which `isolation` shuts in, to run the cells that `answers` chose and to judge them, asks for proof, and flags what looks
like a trick (`tricks`); `report` writes what came out.
"""
