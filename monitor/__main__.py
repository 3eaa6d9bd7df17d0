"""The watch's command line."""

from __future__ import annotations

import click

from monitor.alerts.command import alert_command
from monitor.anomalies.command import anomalies
from monitor.landing.command import validate
from monitor.profiles.command import profile
from monitor.prometheus import metrics_command
from monitor.report.command import report


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Watch the warehouse: report, profile, look for anomalies, alert."""


main.add_command(alert_command)
main.add_command(anomalies)
main.add_command(metrics_command)
main.add_command(profile)
main.add_command(report)
main.add_command(validate)

if __name__ == "__main__":
    main(prog_name="python -m monitor")
