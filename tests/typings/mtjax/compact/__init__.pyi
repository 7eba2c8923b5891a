from compact import *
