#include "postrider/json/field.h"
