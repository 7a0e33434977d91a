#include "postrider/json/composites.h"
