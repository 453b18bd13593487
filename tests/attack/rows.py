"""The table of attacks: each row is a function of the stage it is played on."""

ROWS = []


class Row:
    def __init__(self, play, name, section, attack, stage, slow):
        self.play = play
        self.name = name
        self.section = section
        self.attack = attack
        self.stage = stage
        self.slow = slow


def row(section, attack, stage="shared", slow=False):
    """`stage`: "shared" is the section's common one; "own" gets a new one, for
    what leaves marks; "none" makes what it needs. `slow`: not in CI."""
    def add(play):
        ROWS.append(Row(play, play.__name__, section, attack, stage, slow))
        return play
    return add
