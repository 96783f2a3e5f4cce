"""`python -m edi_iop` is `edi-iop`."""

from edi_iop.cli import main

main()
