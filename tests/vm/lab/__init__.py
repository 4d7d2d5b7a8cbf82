# SPDX-License-Identifier: LGPL-2.1-or-later
"""What scenarios are written with; see tests/vm/README.md."""
