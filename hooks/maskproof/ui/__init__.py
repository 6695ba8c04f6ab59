"""A local page to work with: look at what changed, protect, try, record, put back, and stage it.

    desk (what lies there, judged when it is looked at) -> pages (what is shown)
    guard (who may ask) -> server -> actions (what is done: commands, run as they are shown)

Whatever changes a file is a command of this program or `git add`, run as its own process; there is no other way from
the page to the disk.
"""
