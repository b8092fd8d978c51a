#include "server/serve/serve.h"
#include <stdio.h>
#include <signal.h>
#include <sys/stat.h>
int main(int argc, char **argv);
int main(int argc, char **argv){ struct tg_config c; struct tg_mistakes m={0}; signal(SIGPIPE, SIG_IGN); umask(077);
 struct tg_config_input in={.flag_count=argc-1,.flags=argv+1};
 if(tg_config_load(&c,&in,&m)!=TG_OK){ for(size_t i=0;i<m.count;i++) fprintf(stderr,"%s\n",m.items[i].text); return 1;}
 tg_log_setup(c.log.level,c.log.format);
 int r=tg_serve(&c); tg_config_finish(&c); tg_mistakes_finish(&m); return r;}
