from linli.kernel.embedded import *  # moved; gone when nobody asks for it here
