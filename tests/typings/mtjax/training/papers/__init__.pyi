from training.papers import *
