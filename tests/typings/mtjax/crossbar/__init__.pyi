from crossbar import *
