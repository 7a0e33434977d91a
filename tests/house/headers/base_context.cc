#include "postrider/base/context.h"
