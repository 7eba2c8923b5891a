from training import *
