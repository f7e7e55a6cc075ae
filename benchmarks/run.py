"""``make bench``: runs all benchmarks; each writes its own file in ``results``."""

from __future__ import annotations

import answers
import collect
import exports
import memory
import report
import serve
import slack
import start

if __name__ == "__main__":
    start.main()
    collect.main()
    memory.main()
    answers.main()
    exports.main()
    serve.main()
    slack.main()
    report.main()
