#include "postrider/events/set_append.h"
