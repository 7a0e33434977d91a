#include "postrider/json/names.h"
