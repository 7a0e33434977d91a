#include "postrider/delivery/dkim.h"
