import sys

from tools.equations import main

sys.exit(main(sys.argv[1:]))
