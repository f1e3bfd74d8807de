import sys

from docs.proof import main

sys.exit(main(sys.argv[1:]))
