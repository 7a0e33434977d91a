#include "postrider/http/response.h"
